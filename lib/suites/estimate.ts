/** How long cases are expected to run, by what they usually took. Without queues and retries. Pure. */

import type { PlannedCase } from "./plan.ts";

export type ExpectedCase = Pick<PlannedCase, "id" | "name" | "suite" | "locks"> & {
  readonly needs: readonly Pick<PlannedCase["needs"][number], "id">[];
  /** `null` if it has not passed before. */
  readonly usualSeconds: number | null;
};

export type Estimate = ReturnType<typeof estimateOf>;

const MAX_DEAREST = 5;

export function estimateOf(cases: readonly ExpectedCase[], jobs: number) {
  const known = cases.filter(({ usualSeconds }) => usualSeconds !== null);
  const dearest = known.toSorted((a, b) => secondsOf(b) - secondsOf(a)).slice(0, MAX_DEAREST);
  return {
    /** Added up over all cases. */
    runSeconds: cases.reduce((sum, one) => sum + secondsOf(one), 0),
    /** From the first start to the last end, with so many at once. */
    wallSeconds: wallSeconds(cases, jobs),
    jobs,
    /** How many of them count with nothing: they have not passed before. */
    unknownCount: cases.length - known.length,
    /** The longest first. */
    dearest: dearest.map(({ suite, name, usualSeconds }) => ({ suite, name, usualSeconds })),
  };
}

function secondsOf({ usualSeconds }: ExpectedCase): number {
  return usualSeconds ?? 0;
}

/** As the engine starts them: in order, as soon as what they need has ended and their locks are free. */
function wallSeconds(cases: readonly ExpectedCase[], jobs: number): number {
  const open = new Set(cases.map(({ id }) => id));
  const waiting = [...cases];
  const running: { readonly one: ExpectedCase; readonly endsAt: number }[] = [];
  let now = 0;
  while (waiting.length + running.length > 0) {
    const locks = new Set(running.flatMap(({ one }) => one.locks));
    const next = waiting.findIndex((one) =>
      !one.needs.some(({ id }) => open.has(id)) && !one.locks.some((lock) => locks.has(lock))
    );
    const [started] = running.length < jobs && next !== -1 ? waiting.splice(next, 1) : [];
    if (started !== undefined) {
      running.push({ one: started, endsAt: now + secondsOf(started) });
      continue;
    }
    const [first] = running.toSorted((a, b) => a.endsAt - b.endsAt);
    // Cases that need each other were refused before.
    if (first === undefined) break;
    running.splice(running.indexOf(first), 1);
    open.delete(first.one.id);
    now = first.endsAt;
  }
  return now;
}
