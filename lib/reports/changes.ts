import { counted } from "../text.ts";
import type { ReportChanges } from "./report.ts";

/** Named in a line. */
const MAX_NAMES = 10;

/** What changed, each with the first of its cases, like `3 still failing since 2026-01-02` and `nightly: solve, …`. */
export function changeLists(changes: ReportChanges): readonly { readonly title: string; readonly names: string }[] {
  const { regressions, recovered, stillFailing, unjudgedFailures, failingSinceMs } = changes;
  const since = failingSinceMs === null ? "" : ` since ${new Date(failingSinceMs).toISOString().slice(0, 10)}`;
  const lists = [
    [counted(regressions.length, "new failure"), regressions],
    [`${stillFailing.length} still failing${since}`, stillFailing],
    [`${unjudgedFailures.length} not judged, failed before`, unjudgedFailures],
    [`${recovered.length} recovered`, recovered],
  ] as const;
  return lists.filter(([, names]) => names.length > 0).map(([title, names]) => {
    const more = names.length > MAX_NAMES ? [`${names.length - MAX_NAMES} more`] : [];
    return { title, names: [...names.slice(0, MAX_NAMES), ...more].join(", ") };
  });
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
