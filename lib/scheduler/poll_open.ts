/** Moves the service's open submissions on by one step each. */

import type { Owner } from "../account.ts";
import { advance } from "../runs/advance.ts";
import { inParallel } from "../runs/in_parallel.ts";
import { isAbandoned, isOpen, isOwnedBy } from "../submission.ts";
import type { Submission } from "../submission.ts";
import { advanceOptions } from "./advance_options.ts";
import type { TickContext } from "./tick_context.ts";

const MINUTE_MS = 60_000;
const BATCH_SIZE = 20;
const BATCHES_AT_ONCE = 4;

export interface PolledSubmissions {
  /** What is open now: those that ended or were abandoned are gone. */
  readonly open: readonly Submission[];
  readonly count: number;
}

/**
 * What is not known to run yet is sent or reconciled first, then the runs of schedules are polled, then those started over
 * HTTP. Where there are more than a tick may poll, the next ticks continue.
 */
export async function pollOpen(
  { service: { deps }, signal }: TickContext,
  { open, owner, maxPolls }: {
    readonly open: readonly Submission[];
    readonly owner: Owner;
    readonly maxPolls: number;
  },
): Promise<PolledSubmissions> {
  const nowMs = deps.clock.now();
  const due = inOrder(open.filter((one) => isOwnedBy(one, owner) && one.nextPollAtMs <= nowMs), nowMs, maxPolls)
    .slice(0, maxPolls);
  const batches = Array.from(
    { length: Math.ceil(due.length / BATCH_SIZE) },
    (_, index) => due.slice(index * BATCH_SIZE, (index + 1) * BATCH_SIZE),
  );
  const moved = new Map<string, Submission>();
  await inParallel(batches, BATCHES_AT_ONCE, async (batch) => {
    if (signal.aborted) return;
    const results = await advance(deps, batch, advanceOptions(signal));
    for (const { submission } of results) moved.set(submission.submissionId, submission);
  });
  const now = open.map((submission) => moved.get(submission.submissionId) ?? submission);
  return { open: now.filter((submission) => isOpen(submission) && !isAbandoned(submission)), count: moved.size };
}

/** A poll that shows nothing new is not stored, so the minute alone decides which runs come first. */
function inOrder(due: readonly Submission[], nowMs: number, maxPolls: number): readonly Submission[] {
  const isActive = ({ state }: Submission) => state === "active";
  const rotated = (group: readonly Submission[]) => {
    // Even where all are polled, another one is first each time: a poll without a response delays those after it.
    const step = group.length > maxPolls ? maxPolls : BATCH_SIZE;
    const first = group.length === 0 ? 0 : Math.floor(nowMs / MINUTE_MS) * step % group.length;
    return [...group.slice(first), ...group.slice(0, first)];
  };
  const active = due.filter(isActive);
  return [
    ...due.filter((submission) => !isActive(submission)),
    ...rotated(active.filter(({ origin }) => origin.type === "schedule")),
    ...rotated(active.filter(({ origin }) => origin.type !== "schedule")),
  ];
}
