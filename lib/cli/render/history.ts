/** The local history as text and as JSON. Pure. */

import { isSecretName, maskSecrets } from "../../inputs/secrets.ts";
import { runStatusOf, slugOf, type Submission } from "../../submission.ts";
import type { JsonObject } from "../../json.ts";
import { formatSeconds } from "../../duration.ts";
import type { Layout, Style } from "../terminal/style.ts";
import { renderTable } from "../terminal/table.ts";
import { formatAge, formatTime } from "../terminal/time_text.ts";
import { paintRows, renderFacts } from "./cells.ts";

/** A table with one line per submission. */
export function renderHistory(
  records: readonly Submission[],
  { style, columns, nowMs }: Layout & { readonly nowMs: number },
): string {
  const rows = records.map((record) => {
    const { workflowName, status, slug, durationSeconds } = recordDocument(record);
    return [workflowName, status, formatAge(record.createdAtMs, nowMs), formatSeconds(durationSeconds), slug ?? ""];
  });
  return renderTable([["WORKFLOW", "STATUS", "AGE", "TOOK", "SLUG"], ...rows], {
    columns,
    shortened: 0,
    optional: [2, 3, 0],
    paint: paintRows(style, 1),
  });
}

/** One submission: a line per fact, and the heading of its inputs. */
export function renderRecord(record: Submission, { style }: { readonly style: Style }): string {
  const { owner, idempotencyKey: key } = record;
  const { workflowName, slug, status, durationSeconds, errorMessage } = recordDocument(record);
  const reconciliation = record.state === "unconfirmed" ? record.reconciliation : null;
  const facts = renderFacts([
    ["Workflow", workflowName],
    ["Status", status],
    ["Run", slug ?? "?"],
    ["Submitted", formatTime(record.createdAtMs)],
    ["Took", formatSeconds(durationSeconds) || null],
    ["Idempotency key", key && `${key.text}${key.attempt === 1 ? "" : ` (attempt ${key.attempt})`}`],
    ["Account", `${owner.user} on ${owner.host}`],
    ["Unconfirmed", reconciliation && reconciliation.detail],
    ["Reason", errorMessage],
  ], style);
  return `${facts}\n\n${style.bold("Inputs")}`;
}

export function recordDocument(record: Submission) {
  const { submissionId, owner, request, idempotencyKey: key, createdAtMs, updatedAtMs } = record;
  const result = record.state === "finished" ? record.result : null;
  const isUnknown = record.state === "unconfirmed" || (record.state === "pending" && record.lostResponses > 0);
  return {
    submissionId,
    workflowName: request.workflow,
    state: record.state,
    /** In one or two words. */
    status: runStatusOf(record) ?? (isUnknown ? "unknown" : "not sent"),
    slug: slugOf(record),
    runNumber: record.state === "active" ? record.run.number : result?.runNumber ?? null,
    idempotencyKey: key?.text ?? null,
    host: owner.host,
    user: owner.user,
    submittedAt: new Date(createdAtMs).toISOString(),
    updatedAt: new Date(updatedAtMs).toISOString(),
    durationSeconds: result?.durationSeconds ?? null,
    errorMessage: record.state === "rejected" ? record.message : result?.errorMessage ?? null,
  };
}

/** The inputs without secrets, which are not stored in the first place. */
export function shownInputs({ request }: Submission): JsonObject {
  const { inputs, inputsWithoutSecrets, secretPaths } = request;
  if (inputsWithoutSecrets !== null) return inputsWithoutSecrets;
  const unlisted = Object.keys(inputs ?? {}).filter(isSecretName);
  return maskSecrets(inputs ?? {}, [...secretPaths, ...unlisted]);
}
