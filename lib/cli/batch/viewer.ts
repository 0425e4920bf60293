/** What the views of a running batch share. */

import type { StoredBatch } from "../../store/batch_store.ts";
import { oneLine } from "../../escape.ts";
import type { BatchControl, BatchEvent } from "../../runs/batch_task.ts";
import type { Deps } from "../../runs/deps.ts";
import type { Invocation } from "../command.ts";
import type { BatchValues } from "./options.ts";
import type { RowStates } from "./row_states.ts";

export interface BatchViewer extends Disposable {
  show(event: BatchEvent): void;
}

export interface ViewParts {
  readonly batch: Pick<StoredBatch, "name" | "batchId">;
  readonly states: RowStates;
  readonly control: BatchControl;
  /** Called when a key has changed how many runs at once. */
  readonly onJobsKey?: () => void;
  /** Ends the wait; the runs continue. */
  readonly detach: () => void;
}

export type ViewCall = Invocation<Pick<BatchValues, "progress" | "log">> & { readonly deps: Pick<Deps, "clock"> };

/** What people should know; `undefined` for what the table or the lines show. */
export function noteOf(event: BatchEvent): string | undefined {
  switch (event.type) {
    case "slowed":
      return `Running ${event.jobs} at a time for now: ${oneLine(event.reason)}`;
    case "connection-lost":
      return `Connection lost, still trying: ${oneLine(event.reason)}`;
    case "connection-restored":
      return "Connection restored";
    case "stopped":
      if (event.reason === "interrupted") return undefined;
      return `Submitting no more runs: ${event.detail ?? event.reason}`;
    default:
      return undefined;
  }
}
