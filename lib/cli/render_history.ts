/** What the history holds, as text and as JSON. Pure. */

import { looksSecret, maskSecrets } from "../inputs/secrets.ts";
import { slugOf } from "../ledger/ledger.ts";
import type { JsonObject, RunRecord } from "../model.ts";
import { formatDuration } from "../duration.ts";
import type { Style } from "./style.ts";
import { renderTable } from "./table.ts";

/** What became of a wish, in one word. */
export function stateWord(record: RunRecord): string {
  switch (record.state) {
    case "intended":
      return record.lostAnswers > 0 ? "unknown" : "not sent";
    case "submitted":
      return "unknown";
    case "seen":
      return record.run.status;
    case "settled":
      return record.result.status;
    case "refused":
      return "refused";
    default:
      return record satisfies never;
  }
}

/** Many records, one line each, under a heading. */
export function renderHistory(
  records: readonly RunRecord[],
  { style, columns }: { readonly style: Style; readonly columns: number },
): string {
  const rows = records.map((record) => [
    timeOf(record.intendedAtMs),
    record.request.workflow,
    stateWord(record),
    tookWords(record),
    slugOf(record) ?? "",
  ]);
  return renderTable([["WISHED (UTC)", "WORKFLOW", "STATE", "TOOK", "SLUG"], ...rows], {
    columns,
    paint(text, { row, column }) {
      if (row === 0) return style.dim(text);
      return column === 2 ? paintState(text, style) : text;
    },
  });
}

/** One record, a fact a line, then the inputs that may be shown. */
export function renderRecord(record: RunRecord, { style }: { readonly style: Style }): string {
  const { request, owner, key } = record;
  const slug = slugOf(record);
  const facts = [
    ["Workflow", request.workflow],
    ["State", stateWord(record)],
    ["Run", slug ?? "?"],
    ["Wished", timeOf(record.intendedAtMs)],
    ...(tookWords(record) === "" ? [] : [["Took", tookWords(record)]]),
    ...(key === null ? [] : [["Key", key.attempt === 1 ? key.text : `${key.text} (attempt ${key.attempt})`]]),
    ["Account", `${owner.user} on ${owner.host}`],
    ...(record.state === "refused" ? [["Reason", record.message]] : []),
    ...(record.state === "submitted" && record.doubt !== null ? [["Doubt", record.doubt.detail]] : []),
    ...(record.state === "settled" && record.result.errorMessage !== null
      ? [["Reason", record.result.errorMessage]]
      : []),
  ];
  return [
    renderTable(facts, {
      columns: Infinity,
      paint: (text, { row, column }) => row === 1 && column === 1 ? paintState(text, style) : text,
    }),
    `\n${style.bold("Inputs")}\n${JSON.stringify(shownInputs(record), null, 2)}`,
  ].join("\n");
}

/** A record for programs. */
export function recordDocument(record: RunRecord) {
  const { wishId, owner, request, key, intendedAtMs, updatedAtMs } = record;
  return {
    wishId,
    workflowName: request.workflow,
    state: record.state,
    status: stateWord(record),
    slug: slugOf(record),
    runNumber: record.state === "seen"
      ? record.run.number
      : record.state === "settled"
      ? record.result.runNumber
      : null,
    key: key?.text ?? null,
    host: owner.host,
    user: owner.user,
    wishedAt: new Date(intendedAtMs).toISOString(),
    updatedAt: new Date(updatedAtMs).toISOString(),
    durationSeconds: record.state === "settled" ? record.result.durationSeconds : null,
    errorMessage: record.state === "settled"
      ? record.result.errorMessage
      : record.state === "refused"
      ? record.message
      : null,
  };
}

/** Inputs without their secrets, which were not stored in the first place. */
export function shownInputs({ request }: RunRecord): JsonObject {
  const { inputs, openInputs, secretPaths } = request;
  if (openInputs !== null) return openInputs;
  const unlisted = Object.keys(inputs ?? {}).filter(looksSecret);
  return maskSecrets(inputs ?? {}, [...secretPaths, ...unlisted]);
}

function tookWords(record: RunRecord): string {
  const seconds = record.state === "settled" ? record.result.durationSeconds : null;
  return seconds === null ? "" : formatDuration(seconds * 1_000);
}

function timeOf(instantMs: number): string {
  return new Date(instantMs).toISOString().replace("T", " ").slice(0, 19);
}

function paintState(text: string, style: Style): string {
  switch (text.trim()) {
    case "completed":
      return style.green(text);
    case "failed":
    case "refused":
      return style.red(text);
    case "running":
      return style.cyan(text);
    default:
      return style.yellow(text);
  }
}
