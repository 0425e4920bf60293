/** Known failures: what is wrong with them, and which ones apply to a case. */

import { didYouMeanOrKnown } from "../did_you_mean.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";
import { axisMappings, environmentsOf, itemsOf, listOf, metricsOf, objectOf, type Report, within } from "./document.ts";
import type { CaseDocument, QuarantineDocument } from "./format.ts";
import type { ApplicableFailure } from "./judge.ts";
import { axesOf } from "./matrix.ts";

/** @param today Like 2030-01-31. */
export function checkKnownFailures(
  value: JsonObject,
  { document, today }: { readonly document: JsonObject; readonly today: string },
  report: Report,
): void {
  const owners = [value, ...axisMappings(value).map(([one]) => one)];
  const expectations = ["status", ...owners.flatMap(({ expect }) => expectationPaths(objectOf(expect)))];
  for (const [index, item] of listOf(value["known-failures"]).entries()) {
    const reportFailure = within(report, "known-failures", index);
    const failure = objectOf(item);
    checkUntil(failure.until, today, within(reportFailure, "until"));
    checkKnown(failure.expectation, expectations, within(reportFailure, "expectation"));
    checkKnown(failure.metric, metricsOf(value, document), within(reportFailure, "metric"));
    if (failure.metric !== undefined && failure.expectation !== undefined) {
      reportFailure(["metric"], "is given beside an expectation: write an entry for each");
    }
    checkWhen(failure.when, value, document, within(reportFailure, "when"));
  }
}

/** What never applies to a case would never be noticed. @param value The case. */
export function checkWhen(when: Json | undefined, value: JsonObject, document: JsonObject, report: Report): void {
  const axes = axesOf(objectOf(value.matrix));
  const known = [...axes.keys(), "environment", "resource"];
  for (const [key, wanted] of Object.entries(objectOf(when))) {
    if (!known.includes(key)) {
      const hint = didYouMeanOrKnown(key, known);
      report([key], `neither a key of the matrix nor environment or resource. ${hint}`, "key");
    }
    const values = key === "environment" ? environmentsOf(document).map(({ name }) => name) : axes.get(key);
    for (const [one] of itemsOf(wanted)) {
      if (isObject(one) || values === undefined || values.includes(String(one))) continue;
      report([key], `no value of ${key}: "${one}". ${didYouMeanOrKnown(String(one), values)}`);
    }
  }
}

export function checkUntil(until: Json | undefined, today: string, report: Report): void {
  if (typeof until !== "string" || !/^\d{4}-\d{2}-\d{2}$/.test(until)) return;
  const date = new Date(`${until}T00:00:00Z`);
  if (Number.isNaN(date.getTime()) || !date.toISOString().startsWith(until)) report([], `no such day: ${until}`);
  else if (until < today) report([], `has expired: fix the case, or set a later day (today is ${today})`);
}

function checkKnown(name: Json | undefined, known: readonly string[], report: Report): void {
  if (typeof name !== "string" || known.some((one) => one === name || one.startsWith(`${name}.`))) return;
  report([], `the case has none: "${name}". ${didYouMeanOrKnown(name, known)}`);
}

/** The expectations of a case by their paths, like `outputs.main.energy`. */
function expectationPaths(expect: JsonObject): readonly string[] {
  return Object.entries(expect).flatMap(([name, value]) => {
    const hasMembers = (name === "outputs" || name === "jobs") && isObject(value);
    return hasMembers ? Object.keys(value).map((member) => `${name}.${member}`) : [name];
  });
}

/** A known failure for some resources. */
export interface PlannedFailure extends ApplicableFailure {
  /** `null` for all. */
  readonly resources: readonly string[] | null;
}

type FailureDocument = NonNullable<CaseDocument["known-failures"]>[number];

/** Its own, and those of the quarantine. @param facts The values of its matrix, and the environment. */
export function planFailures(
  { quarantine }: { readonly quarantine: QuarantineDocument },
  { name, "known-failures": known = [] }: Partial<CaseDocument>,
  facts: Readonly<Record<string, string>>,
) {
  const applies = ({ when: { resource: _resource, ...when } = {} }: FailureDocument) =>
    Object.entries(when).every(([key, value]) => [value].flat().some((one) => String(one) === facts[key]));
  const quarantined = quarantine.filter((entry) => entry.case === name);
  return {
    knownFailures: known.filter(applies).map(failureOf),
    quarantine: quarantined.filter(applies).map(failureOf),
  };
}

/** Whether it applies to a case on these clusters. */
export function isOn({ resources }: PlannedFailure, clusters: readonly string[]): boolean {
  return resources === null || resources.some((name) => clusters.includes(name));
}

function failureOf({ reason, issue, metric, expectation, strict = true, when }: FailureDocument): PlannedFailure {
  return {
    reason,
    issue: issue ?? null,
    expectation: expectation ?? (metric === undefined ? null : `metrics.${metric}`),
    isStrict: strict,
    resources: when?.resource === undefined ? null : [when.resource].flat().map(String),
  };
}
