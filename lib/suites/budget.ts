/** Limits on the run time of all cases together: past one, no further run is started. */

import { formatExactDuration } from "../duration.ts";
import type { ReportAttempt } from "../reports/report.ts";
import type { TrendPoint } from "../reports/trends.ts";
import type { CaseState } from "./case_state.ts";
import { usualSecondsOf } from "./history.ts";
import type { CheckedCase } from "./preflight.ts";
import type { Suite } from "./read_suite.ts";

export interface Budget {
  /** `null` for all suites of the call. */
  readonly suite: string | null;
  readonly limitMs: number;
}

/** Those that suites state for their own cases. */
export function budgetsIn(suites: readonly Pick<Suite, "name" | "document">[]): readonly Budget[] {
  return suites.flatMap(({ name, document: { budget } }) =>
    budget === undefined ? [] : [{ suite: name, limitMs: Number.parseFloat(budget) * 3_600_000 }]
  );
}

type RunningCase = Pick<CaseState, "isRunning" | "workingSinceMs" | "ranSeconds"> & {
  readonly one: Pick<CheckedCase, "id" | "suite">;
  readonly attempts: readonly Pick<ReportAttempt, "runSeconds">[];
};

export interface BudgetFacts {
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  /** By the id of the case, oldest first. */
  readonly earlier: ReadonlyMap<string, readonly TrendPoint[]>;
}

/** Answers why no further run of a suite may start; `null` if one may. Once used up, a budget stays so. */
export function createBudgets(budgets: readonly Budget[]) {
  const usedUp = new Set<Budget>();
  return (suite: string, states: readonly RunningCase[], facts: BudgetFacts): string | null => {
    const used = budgets.find((budget) => {
      if (budget.suite !== null && budget.suite !== suite) return false;
      if (usedUp.has(budget)) return true;
      const own = states.filter(({ one }) => budget.suite === null || one.suite === suite);
      return usedMs(own, facts) >= budget.limitMs;
    });
    if (used === undefined) return null;
    usedUp.add(used);
    return `budget of ${formatExactDuration(used.limitMs)} used up`;
  };
}

/** What all attempts have used, and what those that run are expected to need, or have used if that is more. */
function usedMs(states: readonly RunningCase[], { nowMs, earlier }: BudgetFacts): number {
  return states.reduce((sum, { one, attempts, isRunning, workingSinceMs, ranSeconds }) => {
    const ended = attempts.reduce((seconds, { runSeconds }) => seconds + (runSeconds ?? 0), 0) * 1_000;
    if (!isRunning) return sum + ended;
    // Judging it may take minutes, which are not its own.
    if (ranSeconds !== null) return sum + ended + ranSeconds * 1_000;
    const usualMs = (usualSecondsOf(one.id, earlier) ?? 0) * 1_000;
    return sum + ended + Math.max(usualMs, workingSinceMs === null ? 0 : nowMs - workingSinceMs);
  }, 0);
}
