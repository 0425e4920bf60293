/** Several runs that are tracked at once: stopping them is reported once, and names every run that continues. */

import { expected } from "../../errors.ts";
import { sharingPolls } from "../../runs/list_running.ts";
import { counted } from "../../text.ts";
import { programCommand } from "../../shell_command.ts";
import type { OpenedCall } from "../command.ts";
import { Stopped, type StoppedWait } from "../context.ts";
import { type ShowRun, viewRuns } from "./run_view.ts";
import type { StopValues } from "./wait_options.ts";

/**
 * Tracks runs at once, with requests that they share, and on a terminal in one table.
 *
 * @throws Like {@link stoppedTogether}.
 */
export async function trackTogether<Run, Result>(
  call: OpenedCall<StopValues>,
  runs: readonly Run[],
  nameOf: (run: Run) => string,
  track: (run: Run, show: ShowRun, call: OpenedCall<StopValues>) => Promise<Result>,
): Promise<readonly Result[]> {
  const { deps, output, signal, values: { onTimeout } } = call;
  const client = sharingPolls(deps.client, deps.clock, runs.length);
  const sharing = { ...call, deps: { ...deps, client } };
  using view = viewRuns(output, deps.clock, { names: runs.map(nameOf), onTimeout, signal });
  return await stoppedTogether(runs.map((run) => track(run, view.showOf(nameOf(run)), sharing)));
}

/** @throws Stopped, for all of them, if any was stopped; or the first other error. */
export async function stoppedTogether<T>(waits: readonly Promise<T>[]): Promise<readonly T[]> {
  const ends = await Promise.all(waits.map((wait) => wait.then((value) => ({ value }), expected(Stopped))));
  const stops = ends.flatMap((end) => end instanceof Stopped ? [end] : []);
  const [first] = stops;
  if (first !== undefined) throw new Stopped(first.signal, combined(stops.flatMap(({ wait }) => wait ?? [])));
  return ends.flatMap((end) => end instanceof Stopped ? [] : [end.value]);
}

function combined(waits: readonly StoppedWait[]): StoppedWait | null {
  const names = waits.flatMap(({ continuing }) => continuing ?? []);
  const others = names.length < 2 ? waits : waits.filter(({ continuing }) => continuing === undefined);
  if (waits.length === 0) return null;
  const kept = names.length < 2 ? [] : [{
    message: `Stopped waiting: ${counted(names.length, "run")} are still running: ${names.join(", ")}`,
    hint: `Track them again: ${programCommand("watch", names)}`,
  }];
  const all = [...kept, ...others];
  const submitted = (["unknown", "yes"] as const).find((answer) => waits.some((wait) => wait.submitted === answer));
  return {
    message: all.map(({ message }) => message).join("\n"),
    hint: all.map(({ hint }) => hint).join("\n"),
    submitted: submitted ?? "no",
    isCancelled: waits.every(({ isCancelled }) => isCancelled === true),
  };
}
