/** `test history CASE`: what earlier runs show about a case. */

import { cellOf } from "../../batches/results.ts";
import { didYouMean } from "../../did_you_mean.ts";
import { formatDuration } from "../../duration.ts";
import { NotFound, UsageError } from "../../errors.ts";
import { verdictText } from "../../reports/cases.ts";
import type { ReportCase } from "../../reports/report.ts";
import type { TrendPoint } from "../../reports/trends.ts";
import { earlierRuns, pointsById } from "../../suites/history.ts";
import { COMPLETED } from "../exit_codes.ts";
import { openRunStore } from "../open.ts";
import { historyOfCase } from "./history.ts";
import type { SuiteCall } from "./options.ts";

export async function answerHistory(call: SuiteCall, names: readonly string[]): Promise<number> {
  const { output, values } = call;
  const [name] = names;
  if (name === undefined || names.length > 1) {
    throw new UsageError("test history: expected the name of one case", {
      hint: "pw-workflow-runner test history solve",
    });
  }
  await using store = openRunStore(call, "read");
  const isNamed = (one: ReportCase) => one.name === name || one.id === name;
  const reports = await historyOfCase(call, store.suites, (report) => report.cases.some(isNamed));
  const runs = earlierRuns(reports, { environment: values.env ?? null });
  const cases = runs.flatMap((run) => run.cases);
  const id = cases.findLast(isNamed)?.id;
  if (id === undefined) {
    const known = [...new Set(cases.map((one) => one.name))];
    const where = values.history ?? "the local history";
    throw new NotFound(`Cannot find the case "${name}" in ${where}`, { hint: didYouMean(name, known) });
  }
  const points = pointsById(runs).get(id) ?? [];
  const known = [...new Set(points.flatMap((point) => Object.keys(point.metrics)))];
  const { metric } = values;
  if (metric !== undefined && !known.includes(metric)) {
    throw new NotFound(`Cannot find the metric "${metric}" of the case "${name}" in its earlier runs`, {
      hint: didYouMean(metric, known) ??
        `Available: ${known.join(", ") || "none"}; run and queue times are shown without --metric`,
    });
  }
  const metrics = metric === undefined ? known : [metric];
  if (values.format === "csv") output.answer(csvOf(points, metrics));
  else output.result({ id, name, points, ...COMPLETED }, () => points.map((one) => lineOf(one, metrics)).join("\n"));
  return 0;
}

function csvOf(points: readonly TrendPoint[], metrics: readonly string[]): string {
  const head = ["time", "verdict", "run_seconds", "queue_seconds", ...metrics];
  const rows = points.map((point) => [
    new Date(point.atMs).toISOString(),
    point.verdict,
    String(point.runSeconds ?? ""),
    String(point.queueSeconds ?? ""),
    ...metrics.map((metric) => String(point.metrics[metric] ?? "")),
  ]);
  return [head, ...rows].map((cells) => cells.map(cellOf).join(",")).join("\n");
}

function lineOf({ atMs, verdict, isFlaky, runSeconds, metrics }: TrendPoint, names: readonly string[]): string {
  const time = new Date(atMs).toISOString().slice(0, 16).replace("T", " ");
  const facts = [
    isFlaky ? "flaky" : "",
    runSeconds === null ? "" : `ran ${formatDuration(runSeconds * 1_000)}`,
    ...names.flatMap((name) => metrics[name] === undefined ? [] : [`${name} ${metrics[name]}`]),
  ].filter((fact) => fact !== "");
  return `${time}  ${verdictText(verdict).padEnd(15)} ${facts.join(", ")}`.trimEnd();
}
