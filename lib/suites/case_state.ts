/** What is known of a case while its suite runs. */

import { InvalidInputs } from "../errors.ts";
import { formatPath, type Json, type JsonObject } from "../json.ts";
import { verdictText } from "../reports/cases.ts";
import type { ReportAttempt, ReportCase, ReportMetric } from "../reports/report.ts";
import type { RunId } from "../run.ts";
import { type Judgement, outputAt } from "./judge.ts";
import { isOn } from "./known_failures.ts";
import type { CheckedCase } from "./preflight.ts";
import type { Reference } from "./references.ts";

export interface CaseState {
  readonly one: CheckedCase;
  readonly attempts: ReportAttempt[];
  judgement: Judgement | null;
  /** Of the last attempt. */
  metrics: readonly ReportMetric[];
  /** Of the last attempt. */
  outputs: JsonObject;
  /** Those of all attempts that were not deleted. */
  readonly runs: CaseRun[];
  /** Values in the inputs of the present attempt that no output may show. */
  secrets: readonly string[];
  isDecided: boolean;
  /** From the preparation of an attempt until it is judged. */
  isRunning: boolean;
  /** When the first step of the present attempt was seen, milliseconds since the epoch; `null` before. */
  workingSinceMs: number | null;
  /** What the run of the present attempt has taken, without its queue; `null` before it has ended, or if it is not known. */
  ranSeconds: number | null;
}

export interface CaseRun {
  readonly runId: RunId;
  /** `null` if nothing was stored for it. */
  readonly submissionId: string | null;
  /** Whether its attempt passed. */
  readonly isPassed: boolean;
}

export function newState(one: CheckedCase): CaseState {
  return {
    one,
    attempts: [],
    judgement: null,
    metrics: [],
    outputs: {},
    runs: [],
    secrets: [],
    isDecided: false,
    isRunning: false,
    workingSinceMs: null,
    ranSeconds: null,
  };
}

export function skipReasonOf({ skipReason, offReason }: CheckedCase): string | null {
  return skipReason ?? offReason;
}

/** Why a case cannot run: what it needs did not pass, or did not run; `wait` while that is open. */
export function blockedBy(one: CheckedCase, states: ReadonlyMap<string, CaseState>): string | "wait" | null {
  let isWaiting = false;
  for (const { id, when } of one.needs) {
    const needed = states.get(id);
    if (needed === undefined) continue;
    const { judgement, isDecided } = needed;
    if (!isDecided || judgement === null) isWaiting = true;
    else {
      const hasRun = needed.attempts.length > 0;
      const isMet = when === "finished" ? hasRun : judgement.verdict === "passed" ||
        (judgement.verdict === "unexpected-pass" && !judgement.isFailure);
      if (!isMet) return `${needed.one.name} ${hasRun ? verdictText(judgement.verdict) : "did not run"}`;
    }
  }
  return isWaiting ? "wait" : null;
}

export function notRun(reason: string): Judgement {
  return { verdict: "not-run", isFailure: false, reason, expectations: [] };
}

export function outputOf(
  { of, name, path }: Extract<Reference, { type: "output" }>,
  one: CheckedCase,
  states: ReadonlyMap<string, CaseState>,
): Json | undefined {
  const needed = one.needs.flatMap(({ id }) => states.get(id) ?? []).find((state) =>
    state.one.caseName === name && (state.one.kind === "setup") === (of === "setup")
  );
  const value = needed === undefined ? undefined : outputAt(needed.outputs, path);
  if (value !== undefined) return value;
  throw new InvalidInputs(`Cannot fill the inputs: ${of}.${name} has no output ${formatPath(path)}`, []);
}

export function reportOf(
  { one, attempts, judgement, metrics, isDecided }: CaseState,
  commandOf: (one: CheckedCase) => string,
): ReportCase {
  const { verdict, isFailure, reason, expectations } = judgement !== null && isDecided
    ? judgement
    : notRun("the suite was stopped");
  const isQuarantined = one.quarantine.some((failure) => isOn(failure, one.clusters));
  return {
    id: one.id,
    name: one.name,
    suite: one.suite,
    workflow: one.workflow,
    file: one.file,
    tags: one.tags,
    parameters: one.matrix,
    inputs: one.givenInputs,
    verdict,
    isFlaky: verdict === "passed" && attempts.some(({ reason }) => reason !== null),
    isQuarantined,
    isFailure: isFailure && !isQuarantined,
    reason,
    expectations,
    metrics,
    attempts,
    repeatCommand: commandOf(one),
  };
}
