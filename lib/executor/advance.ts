/** One turn for many records: each that is due gets the one next thing done for it. */

import { NotSubmitted, RunnerError } from "../errors.ts";
import { StaleRecord } from "../ledger/ledger.ts";
import type { IntendedRecord, Run, RunRecord, SeenRecord } from "../model.ts";
import type { Deps } from "./deps.ts";
import { inParallel } from "./in_parallel.ts";
import { isOver } from "./lifecycle.ts";
import { afterListed, look } from "./look.ts";
import { lookForLost } from "./lost.ts";
import { submit } from "./submit.ts";
import { type Turn, type TurnOptions, withInputs } from "./turn.ts";

/** From so many on, one list answers for all that still go on. */
const LIST_FROM = 4;
const PAGE_SIZE = 100;
const MOST_PAGES = 100;

/** So many runs are asked for by name at once. */
const AT_ONCE = 4;

/**
 * Submits what is due to be submitted, looks at what is due to be looked at, writes down what it learned and says what
 * happened. What is over or not due yet comes back as it was.
 *
 * @returns One turn per record, in their order.
 * @throws NotSubmitted when a submit could not be written down first; the signal's reason.
 */
export async function advance(deps: Deps, records: readonly RunRecord[], options: TurnOptions): Promise<Turn[]> {
  const nowMs = deps.clock.now();
  const turns = records.map((record): Turn => ({ record, events: [] }));
  const due = records.map((record, index) => ({ record, index }))
    .filter(({ record }) => !isOver(record) && record.dueAtMs <= nowMs);

  const known = due.filter((item): item is { record: SeenRecord; index: number } => item.record.state === "seen");
  const listed = await stillGoing(deps, known.map(({ record }) => record), options);
  await inParallel(known, AT_ONCE, async ({ record, index }) => {
    const run = record.handle.type === "slug" ? listed.get(record.handle.slug) : undefined;
    turns[index] = run === undefined
      ? await look(deps, record, options)
      : await afterListed(deps, record, run, options);
  });

  // One after the other: launches of one workflow at the same time are refused by the platform.
  for (const { record, index } of due) {
    if (record.state === "intended") turns[index] = await submitUnlessTaken(deps, record, options);
    if (record.state === "submitted") turns[index] = await lookForLost(deps, record, options);
  }
  return turns;
}

/** Another process may be about to send the same record: one of the two writes first, and that one sends. */
async function submitUnlessTaken(deps: Deps, record: IntendedRecord, options: TurnOptions): Promise<Turn> {
  try {
    return await submit(deps, record, options);
  } catch (error) {
    if (!(error instanceof StaleRecord)) throw error;
    const stored = await deps.ledger.get(record.wishId);
    if (stored === undefined) {
      throw new NotSubmitted(`Cannot submit ${record.request.workflow}: its record was removed from the history`, {
        hint: "Nothing was started: trying again is safe",
        cause: error,
      });
    }
    return { record: withInputs(stored, record), events: [], isTakenOver: true };
  }
}

/** The runs that the list shows as running, by slug. An answer that can't be had means that each is asked for by name. */
async function stillGoing(
  { client }: Pick<Deps, "client">,
  records: readonly SeenRecord[],
  { signal }: TurnOptions,
): Promise<ReadonlyMap<string, Run>> {
  const going = new Map<string, Run>();
  const wanted = new Set(records.flatMap(({ handle }) => handle.type === "slug" ? [handle.slug] : []));
  if (wanted.size < LIST_FROM) return going;
  try {
    let offset = 0;
    for (let page = 0; page < MOST_PAGES && going.size < wanted.size; page++) {
      const query = { statuses: ["running"], limit: PAGE_SIZE, offset, signal, retry: "none" } as const;
      const { runs, total } = await client.listRuns(query);
      for (const run of runs) {
        if (run.slug !== null && wanted.has(run.slug) && run.phase === "going") going.set(run.slug, run);
      }
      offset += runs.length;
      if (runs.length === 0 || offset >= total) break;
    }
  } catch (error) {
    if (!(error instanceof RunnerError)) throw error;
  }
  return going;
}
