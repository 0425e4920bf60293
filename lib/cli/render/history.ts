/** What the history holds, as text and as JSON. Pure. */

import { looksSecret, maskSecrets } from "../../inputs/secrets.ts";
import { slugOf } from "../../store/run_store.ts";
import type { JsonObject } from "../../json.ts";
import type { Submission } from "../../submission.ts";
import { formatDuration } from "../../duration.ts";
import type { Style } from "../terminal/style.ts";
import { renderTable } from "../terminal/table.ts";

/** What became of a wish, in one word. */
export function stateWord(record: Submission): string {
  switch (record.state) {
    case "pending":
      return record.lostResponses > 0 ? "unknown" : "not sent";
    case "unconfirmed":
      return "unknown";
    case "active":
      return record.run.status;
    case "finished":
      return record.result.status;
    case "rejected":
      return "refused";
    default:
      return record satisfies never;
  }
}

/** Many records, one line each, under a heading. */
export function renderHistory(
  records: readonly Submission[],
  { style, columns }: { readonly style: Style; readonly columns: number },
): string {
  const rows = records.map((record) => [
    timeOf(record.createdAtMs),
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
export function renderRecord(record: Submission, { style }: { readonly style: Style }): string {
  const { request, owner, idempotencyKey: key } = record;
  const slug = slugOf(record);
  const facts = [
    ["Workflow", request.workflow],
    ["State", stateWord(record)],
    ["Run", slug ?? "?"],
    ["Wished", timeOf(record.createdAtMs)],
    ...(tookWords(record) === "" ? [] : [["Took", tookWords(record)]]),
    ...(key === null ? [] : [["Key", key.attempt === 1 ? key.text : `${key.text} (attempt ${key.attempt})`]]),
    ["Account", `${owner.user} on ${owner.host}`],
    ...(record.state === "rejected" ? [["Reason", record.message]] : []),
    ...(record.state === "unconfirmed" && record.reconciliation !== null
      ? [["Doubt", record.reconciliation.detail]]
      : []),
    ...(record.state === "finished" && record.result.errorMessage !== null
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
export function recordDocument(record: Submission) {
  const { submissionId, owner, request, idempotencyKey: key, createdAtMs, updatedAtMs } = record;
  return {
    submissionId,
    workflowName: request.workflow,
    state: record.state,
    status: stateWord(record),
    slug: slugOf(record),
    runNumber: record.state === "active"
      ? record.run.number
      : record.state === "finished"
      ? record.result.runNumber
      : null,
    key: key?.text ?? null,
    host: owner.host,
    user: owner.user,
    submittedAt: new Date(createdAtMs).toISOString(),
    updatedAt: new Date(updatedAtMs).toISOString(),
    durationSeconds: record.state === "finished" ? record.result.durationSeconds : null,
    errorMessage: record.state === "finished"
      ? record.result.errorMessage
      : record.state === "rejected"
      ? record.message
      : null,
  };
}

/** Inputs without their secrets, which were not stored in the first place. */
export function shownInputs({ request }: Submission): JsonObject {
  const { inputs, inputsWithoutSecrets, secretPaths } = request;
  if (inputsWithoutSecrets !== null) return inputsWithoutSecrets;
  const unlisted = Object.keys(inputs ?? {}).filter(looksSecret);
  return maskSecrets(inputs ?? {}, [...secretPaths, ...unlisted]);
}

function tookWords(record: Submission): string {
  const seconds = record.state === "finished" ? record.result.durationSeconds : null;
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
    case "rejected":
      return style.red(text);
    case "running":
      return style.cyan(text);
    default:
      return style.yellow(text);
  }
}
