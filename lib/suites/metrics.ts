/** Numbers that a run measured, compared with their references. Pure. */

import { parsePath } from "../json.ts";
import type { ReportAttempt, ReportMetric } from "../reports/report.ts";
import { distanceOf, numberText, slackOf } from "./compare.ts";
import { BUILT_IN_METRICS } from "./document.ts";
import type { CaseDocument, ReferenceDocument } from "./format.ts";
import { median } from "./history.ts";
import { isLogOf, outputAt, type RunEvidence } from "./judge.ts";
import type { Suite } from "./read_suite.ts";
import { searchText } from "./search.ts";

type MetricDocument = NonNullable<CaseDocument["metrics"]>[string];
export type MetricReference = ReferenceDocument[string][string];
type Better = "higher" | "lower" | null;

export interface PlannedMetrics extends Measured {
  /** Files of references, relative to the suite's folder. */
  readonly referenceFiles: readonly string[];
}

interface Measured {
  readonly metrics: Readonly<Record<string, MetricDocument>>;
  /** By resource (`*` for all others), then by metric. Later ones override earlier ones. */
  readonly references: readonly ReferenceDocument[];
}

/** Of the suite, of its environment and of the case: the last one wins. */
export function planMetrics(
  { document, references }: Pick<Suite, "document" | "references">,
  one: Partial<CaseDocument>,
  environment: string | null,
): PlannedMetrics {
  const own = environment === null ? undefined : document.environments?.[environment]?.reference;
  const given = [document.reference, own, one.reference].filter((reference) => reference !== undefined);
  return {
    metrics: { ...document.metrics, ...one.metrics },
    references: given.map((one) => typeof one === "string" ? references.get(one) : one)
      .filter((one) => one !== undefined),
    referenceFiles: given.filter((one) => typeof one === "string"),
  };
}

/**
 * All metrics of a case; those that are always measured only with a reference.
 *
 * @param earlier Values of earlier runs that passed, oldest first.
 */
export function measureAll(
  { metrics, references }: Measured,
  evidence: RunEvidence,
  { resources, earlier }: Pick<ReportAttempt, "resources"> & { earlier(metric: string): readonly number[] },
): readonly ReportMetric[] {
  // That of the resource comes before that of all others.
  const ordered = [...resources, "*"].flatMap((resource) => references.toReversed().map((one) => one[resource]));
  const referenceOf = (name: string) => ordered.find((one) => Object.hasOwn(one ?? {}, name))?.[name] ?? null;
  const own = Object.entries(metrics).map(([name, metric]) => {
    const facts = { name, unit: metric.unit ?? null, better: metric.better ?? null };
    return judgeMetric(facts, measure(metric, evidence), referenceOf(name), earlier(name));
  });
  const builtIn = BUILT_IN_METRICS.filter((name) => !Object.hasOwn(metrics, name)).flatMap((name) => {
    const reference = referenceOf(name);
    const value = name === "duration" ? evidence.runSeconds : evidence.queueSeconds;
    const facts = { name, unit: "s", better: "lower" as const };
    return reference === null ? [] : [judgeMetric(facts, value, reference, earlier(name))];
  });
  return [...own, ...builtIn];
}

/** `null` if it is not there, or no number. */
function measure({ from, regex }: MetricDocument, { logs, outputs }: RunEvidence): number | null {
  const output = "output" in from ? outputAt(outputs, parsePath(from.output) ?? []) : undefined;
  const text = "output" in from
    ? typeof output === "string" || typeof output === "number" ? String(output) : ""
    : logs.filter((log) => isLogOf(log, { ...from, job: from.log })).map(({ text }) => text).join("\n");
  const found = regex === undefined ? text : searchText(new RegExp(regex, "m"), text)?.[1] ?? "";
  const value = Number(found.trim());
  return found.trim() === "" || !Number.isFinite(value) ? null : value;
}

/** Whether a value is in the range that its reference allows. Without a reference it is recorded, not judged. */
export function judgeMetric(
  { name, unit, better }: Pick<ReportMetric, "name" | "unit"> & { readonly better: Better },
  value: number | null,
  reference: MetricReference | null,
  earlier: readonly number[],
): ReportMetric {
  const base = { name, value, unit };
  const range = reference === null ? null : rangeOf(reference, earlier, better);
  // Without any value there would never be enough earlier ones.
  if (range === null && reference !== null && value === null) return { ...base, expected: "a number", isMet: false };
  if (range === null) return { ...base, expected: null, isMet: true };
  const { center, low, high, about } = range;
  const suffix = unit === null ? "" : ` ${unit}`;
  const expected = `${about}${numberText(center)}${suffix} (${rangeText(low, high)})`;
  const slack = slackOf(center, low ?? 0, high ?? 0);
  const isMet = value !== null && value >= (low ?? -Infinity) - slack && value <= (high ?? Infinity) + slack;
  return { ...base, expected, isMet };
}

/**
 * A side is `null` if it is open. Without `below` and `above`, the value itself is the limit: on the worse side, or on both
 * if none is worse. `null` with fewer earlier values than the reference needs: nothing is judged yet.
 */
function rangeOf(reference: MetricReference, earlier: readonly number[], better: Better) {
  const worseBy = (distance: number, center: number) => ({
    center,
    low: better === "lower" ? null : center - distance,
    high: better === "higher" ? null : center + distance,
  });
  if ("value" in reference) {
    const { value: center, below, above } = reference;
    if (below === undefined && above === undefined) return { about: "", ...worseBy(0, center) };
    const low = below === undefined ? null : center - distanceOf(below, center);
    return { about: "", center, low, high: above === undefined ? null : center + distanceOf(above, center) };
  }
  const count = reference["median-of"];
  const center = earlier.length < count ? null : median(earlier.slice(-count));
  if (center === null) return null;
  return { about: `median of ${count}: `, ...worseBy(distanceOf(reference["worse-by"], center), center) };
}

function rangeText(low: number | null, high: number | null): string {
  if (high === null) return `${numberText(low ?? -Infinity)} or more`;
  if (low === null) return `${numberText(high)} or less`;
  return low === high ? "exactly" : `${numberText(low)} to ${numberText(high)}`;
}
