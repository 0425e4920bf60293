import type { RunView, StepPosition } from "../../run.ts";
import { formatDuration } from "../../duration.ts";
import { oneLine } from "../../escape.ts";
import type { Style } from "../terminal/style.ts";
import { renderTable } from "../terminal/table.ts";
import { formatAge, formatPlatformTime } from "../terminal/time_text.ts";
import { fitRunNumber, paintStatus } from "./cells.ts";

/** One run: a line per fact, then its jobs, steps and outputs. Pure. */
export function renderRun(
  view: RunView,
  { style, nowMs, position }: { readonly style: Style; readonly nowMs: number; readonly position: StepPosition | null },
): string {
  const number = view.runNumber === null ? [] : [`${view.workflowName ?? ""}#${view.runNumber}`];
  const slug = view.slug === null ? [] : [number.length === 0 ? view.slug : `(${view.slug})`];
  const where = position === null ? "" : `  step ${position.ordinal}/${position.total} "${position.step}"`;
  const facts = [
    ["Run", [...number, ...slug].join("  ")],
    ["Status", `${statusText(view)}${where}`],
    ["Started", view.startedAt === null ? "?" : formatPlatformTime(view.startedAt)],
    ...(view.completedAt === null ? [] : [["Ended", formatPlatformTime(view.completedAt)]]),
    ["Took", durationText(view, nowMs)],
    ...(view.errorMessage === null ? [] : [["Reason", view.errorMessage]]),
    ...(view.links ?? []).flatMap(({ name, url }) => url === null ? [] : [[`Link ${name}`, url]]),
  ];
  const outputs = Object.entries(view.outputs ?? {}).map(([job, values]) => [job, JSON.stringify(values)]);
  return [
    renderTable(facts, {
      columns: Infinity,
      paint: (text, { row, column }) => row === 1 && column === 1 ? paintStatus(text, style) : text,
    }),
    ...(view.jobs ?? []).map(({ name, status, steps }) =>
      [
        `\n${style.bold(oneLine(name))}  ${oneLine(status)}`,
        ...steps.map((step) =>
          `  ${symbolOf(step.status, style)} ${oneLine(step.name)}  ${style.dim(oneLine(step.status))}`
        ),
      ].join("\n")
    ),
    ...(outputs.length === 0 ? [] : [`\n${style.bold("Outputs")}\n${renderTable(outputs, { columns: Infinity })}`]),
  ].join("\n");
}

/** A table with one line per run. Pure. */
export function renderRuns(
  views: readonly RunView[],
  { style, columns, nowMs }: { readonly style: Style; readonly columns: number; readonly nowMs: number },
): string {
  const rows = views.map((view) => [
    view.runNumber === null ? "" : `${view.workflowName ?? ""}#${view.runNumber}`,
    statusText(view),
    ageText(view, nowMs),
    durationText(view, nowMs),
    view.slug ?? "",
  ]);
  return renderTable([["RUN", "STATUS", "AGE", "TOOK", "SLUG"], ...rows], {
    columns,
    shortened: 0,
    optional: [2, 3, 0],
    fit: fitRunNumber,
    paint(text, { row, column }) {
      if (row === 0) return style.dim(text);
      return column === 1 ? paintStatus(text, style) : text;
    },
  });
}

function ageText({ startedAt }: RunView, nowMs: number): string {
  const startedMs = Date.parse(startedAt ?? "");
  return Number.isNaN(startedMs) ? "" : formatAge(startedMs, nowMs);
}

/** Our status, followed by the platform's if that is more specific. */
function statusText({ status, platformStatus }: RunView): string {
  const isSameStatus = platformStatus === null ||
    ["running", "completed", "error", "canceled"].includes(platformStatus);
  return isSameStatus ? status : `${status} (${platformStatus})`;
}

function durationText({ startedAt, durationSeconds, status }: RunView, nowMs: number): string {
  if (durationSeconds !== null) return formatDuration(durationSeconds * 1000);
  const startedMs = Date.parse(startedAt ?? "");
  return status === "running" && Number.isFinite(startedMs) ? formatDuration(nowMs - startedMs) : "";
}

function symbolOf(status: string, style: Style): string {
  switch (status) {
    case "completed":
      return style.green("✓");
    case "running":
      return style.cyan("●");
    case "error":
      return style.red("✗");
    default:
      return style.dim("·");
  }
}
