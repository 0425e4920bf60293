import type { ReportChanges } from "./report.ts";

/** Like `2 new failures, 1 still failing since 2026-01-02, 1 recovered`; empty without a change to report. */
export function formatChanges({ regressions, recovered, stillFailing, failingSinceMs }: ReportChanges): string {
  const since = failingSinceMs === null ? "" : ` since ${new Date(failingSinceMs).toISOString().slice(0, 10)}`;
  return [
    regressions.length === 0 ? "" : `${regressions.length} new failure${regressions.length === 1 ? "" : "s"}`,
    stillFailing.length === 0 ? "" : `${stillFailing.length} still failing${since}`,
    recovered.length === 0 ? "" : `${recovered.length} recovered`,
  ].filter((part) => part !== "").join(", ");
}

/** Outputs of a step; lists have a name per line. */
export function changeOutputs(changes: ReportChanges) {
  const { regressions, recovered, stillFailing, unjudgedFailures, failingSinceMs, isInfraOnly } = changes;
  return {
    "regressions": regressions.join("\n"),
    "still-failing": stillFailing.join("\n"),
    "unjudged-failures": unjudgedFailures.join("\n"),
    "recovered": recovered.join("\n"),
    "failing-since": failingSinceMs === null ? "" : new Date(failingSinceMs).toISOString(),
    "infra-only": String(isInfraOnly),
  };
}
