import type { Job, RunView, Step, StepPosition } from "../../run.ts";
import type { RunSession } from "../../session.ts";
import { formatDuration } from "../../duration.ts";
import { oneLine } from "../../escape.ts";
import { nameWithoutTag } from "../../runs/slug.ts";
import { hasFailed } from "../../runs/view.ts";
import type { Layout, Style } from "../terminal/style.ts";
import { renderTable } from "../terminal/table.ts";
import { textWidth } from "../terminal/text_width.ts";
import { formatAge, formatPlatformTime } from "../terminal/time_text.ts";
import { fitRunNumber, paintRows, renderFacts, renderPosition } from "./cells.ts";

/** One run: a line per fact, then its jobs, steps and outputs. Pure. */
export function renderRun(
  view: RunView,
  { style, nowMs, position, sessions = [] }: {
    readonly style: Style;
    readonly nowMs: number;
    readonly position: StepPosition | null;
    readonly sessions?: readonly RunSession[];
  },
): string {
  const number = view.runNumber === null ? [] : [`${view.workflowName ?? ""}#${view.runNumber}`];
  const slug = view.slug === null ? [] : [number.length === 0 ? view.slug : `(${view.slug})`];
  const where = position === null ? "" : `  ${renderPosition(position)}`;
  const facts = [
    ["Run", [...number, ...slug].join("  ")],
    ["Status", `${statusText(view)}${where}`],
    ["Started", view.startedAt === null ? "?" : formatPlatformTime(view.startedAt)],
    ["Ended", view.completedAt === null ? null : formatPlatformTime(view.completedAt)],
    ["Took", durationText(view, nowMs)],
    ["Reason", view.errorMessage],
    ...sessions.map((session) => ["Session", sessionText(session)] as const),
    ...(view.links ?? []).map(({ name, url }) => ["Link", url === null ? null : `${name}  ${url}`] as const),
  ] as const;
  const outputs = Object.entries(view.outputs ?? {}).map(([job, values]) => [job, JSON.stringify(values)]);
  return [
    renderFacts(facts, style),
    ...(view.jobs ?? []).map((job) => `\n${jobLines(job, style).join("\n")}`),
    ...(outputs.length === 0 ? [] : [`\n${style.bold("Outputs")}\n${renderTable(outputs, { columns: Infinity })}`]),
  ].join("\n");
}

function sessionText({ name, status, isHealthy, url, errorMessage }: RunSession): string {
  const health = isHealthy === null ? [] : [isHealthy ? "healthy" : "not healthy"];
  const state = [status ?? "?", ...health].join(", ");
  return [name, state, url, errorMessage].filter((part) => part !== null).join("  ");
}

/** A job, its steps below it, and the jobs of the workflows that these call below them. */
function jobLines({ name, status, steps }: Job, style: Style): readonly string[] {
  return [
    `${style.bold(oneLine(name))}  ${oneLine(status)}`,
    ...steps.flatMap((step) => [
      `  ${symbolOf(step, style)} ${oneLine(step.name)}  ${style.dim(oneLine(step.status))}`,
      ...step.jobs.flatMap((job) => jobLines(job, style)).map((line) => `    ${line}`),
    ]),
  ];
}

/** A run of the list, with its name on the platform. */
export interface ListedRun extends RunView {
  readonly displayName: string | null;
}

const MIN_NAME_CELLS = 8;

/** A table with one line per run; with the names that differ from the workflows', where there is room. Pure. */
export function renderRuns(
  runs: readonly ListedRun[],
  { style, columns, nowMs }: Layout & { readonly nowMs: number },
): string {
  const rows = [
    ["RUN", "STATUS", "AGE", "TOOK", "SLUG"],
    ...runs.map((view) => [
      view.runNumber === null ? "" : `${view.workflowName ?? ""}#${view.runNumber}`,
      statusText(view),
      ageText(view, nowMs),
      durationText(view, nowMs),
      view.slug ?? "",
    ]),
  ];
  const paint = paintRows(style, 1);
  const widths = renderTable(rows, { columns: Infinity }).split("\n").map(textWidth);
  const hasRoom = columns - Math.max(...widths) >= "  ".length + MIN_NAME_CELLS;
  const names = runs.map(({ displayName, workflowName }) => {
    const name = nameWithoutTag(displayName ?? "");
    return name === workflowName ? "" : name;
  });
  return hasRoom && names.some((name) => name !== "")
    ? renderTable(rows.map((row, index) => [...row, index === 0 ? "NAME" : names[index - 1] ?? ""]), { columns, paint })
    : renderTable(rows, { columns, paint, shortened: 0, optional: [2, 3, 0], fit: fitRunNumber });
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

function symbolOf(step: Step, style: Style): string {
  if (hasFailed(step)) return style.red("✗");
  if (step.status === "completed") return style.green("✓");
  return step.status === "running" ? style.cyan("●") : style.dim("·");
}
