/** Opens what a command works with: the client and the run store. */

import { orError, StorageError } from "../errors.ts";
import type { Deps } from "../runs/deps.ts";
import { lazyBackend } from "../store/backend.ts";
import { createKv } from "../store/kv.ts";
import { isStoreMissing, openKv } from "../store/open_kv.ts";
import { memoryRunStore } from "../store/memory_kv.ts";
import { createRunStore, type RunStore } from "../store/run_store.ts";
import type { Invocation } from "./command.ts";
import { clientFor, logToOutput, openCredential } from "./open_client.ts";
import { runStoreName } from "./state_path.ts";

/**
 * How a command uses the local history: `required` if a submission must be stored before it is sent, `read` if the command
 * only shows what it contains, `optional` if the command works without it, `none` if it is turned off.
 */
export type HistoryUse = "required" | "read" | "optional" | "none";

/**
 * @param alternative As for {@link openRunStore}.
 * @throws As {@link openClient}. The store is opened on first use, and throws then.
 */
export async function openDeps(
  invocation: Invocation,
  history: HistoryUse = "optional",
  alternative?: string,
): Promise<Deps & AsyncDisposable> {
  const { clock, random } = invocation.context;
  const credential = await openCredential(invocation);
  const store = openRunStore(invocation, history, alternative);
  const parts = { store, clock, random, log: logToOutput(invocation.output) };
  const client = await clientFor(invocation, credential, store);
  return { ...parts, client, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
}

/**
 * The local history of this user and machine, or the store that PW_STORE_URL names; opened on first use. The signal ends
 * the wait for one that cannot be reached, or read.
 *
 * @param alternative What to do without it, for the hints of its errors.
 */
export function openRunStore(
  { context, output, signal }: Omit<Invocation, "values">,
  history: HistoryUse,
  alternative?: string,
): RunStore {
  const { clock, random } = context;
  const warn = (message: string) => output.log("WARNING", message);
  const onUnwritten = () =>
    warn("The run store did not answer: the last change may not be stored. `resume` continues from what is stored");
  const options = { clock, random, alternative, signal, onSetAside: warn, onUnwritten };
  if (history === "none") return memoryRunStore();
  const name = orError(StorageError, () => runStoreName(context));
  if (name instanceof StorageError) {
    if (history !== "optional") {
      return createRunStore(createKv(lazyBackend(() => Promise.reject(name), { retry: options })));
    }
    warn(name.message);
    return memoryRunStore();
  }
  const onUnusable = {
    required: undefined,
    // It may be impossible to create.
    read: (error: StorageError) => {
      if (!isStoreMissing(name)) throw error;
    },
    optional: ({ message }: StorageError) => warn(message),
  }[history];
  const isNamed = Boolean(context.env("PW_STORE_URL")?.trim());
  return createRunStore(openKv(name, { ...options, onUnusable, isNamed }), warn);
}
