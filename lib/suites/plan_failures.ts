/** Which known failures apply to a case: its own, and that of the quarantine. */

import type { Json } from "../json.ts";
import type { CaseDocument, QuarantineDocument } from "./format.ts";
import type { ApplicableFailure } from "./judge.ts";
import type { Suite } from "./read_suite.ts";

/** A known failure for some resources. */
export interface PlannedFailure extends ApplicableFailure {
  /** `null` for all. */
  readonly resources: readonly string[] | null;
}

type FailureDocument = NonNullable<CaseDocument["known-failures"]>[number] | QuarantineDocument[number];

/** @param facts The values of its matrix, and the environment. */
export function planFailures(
  { quarantine }: Pick<Suite, "quarantine">,
  { name, "known-failures": known = [] }: Partial<CaseDocument>,
  facts: Readonly<Record<string, string>>,
): { readonly knownFailures: readonly PlannedFailure[]; readonly quarantine: PlannedFailure | null } {
  const applies = ({ when }: FailureDocument) => whenApplies(when ?? {}, facts);
  const quarantined = quarantine.find((entry) => entry.case === name);
  return {
    knownFailures: known.filter(applies).map(failureOf),
    quarantine: quarantined !== undefined && applies(quarantined) ? failureOf(quarantined) : null,
  };
}

function failureOf(one: FailureDocument): PlannedFailure {
  const metric = "metric" in one && one.metric !== undefined ? `metrics.${one.metric}` : null;
  return {
    reason: one.reason,
    issue: one.issue ?? null,
    expectation: "expectation" in one ? one.expectation ?? metric : metric,
    isStrict: "strict" in one ? one.strict ?? true : true,
    resources: one.when?.resource === undefined ? null : [one.when.resource].flat().map(String),
  };
}

function whenApplies(
  { resource: _resource, ...when }: Readonly<Record<string, Json>>,
  actual: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(when).every(([key, value]) => [value].flat().some((one) => String(one) === actual[key]));
}
