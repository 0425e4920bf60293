/** The plan of a batch, as it is shown and confirmed before anything is submitted. */

import { matchDocument, type MatchedRow, reasonOf, type RowMatch, summaryOfMatch } from "../../batches/match_rows.ts";
import { changedWorkflows, isSubmitted, type PlannedBatch, type PlannedRow } from "../../batches/plan_batch.ts";
import { counted } from "../../text.ts";
import { confirm } from "../confirm.ts";
import { COMPLETED } from "../exit_codes.ts";
import { paintRows } from "../render/cells.ts";
import type { Layout } from "../terminal/style.ts";
import { renderTable } from "../terminal/table.ts";
import type { BatchCall } from "./options.ts";

/** More are submitted only with a yes. */
const MAX_UNASKED_RUNS = 100;

/** What has changed since the batch was run before. */
export function reportPlan({ output }: BatchCall, plan: PlannedBatch): void {
  const { name, earlier, rows, gone, hasEnough } = plan;
  const count = (...actions: readonly PlannedRow["action"][]) =>
    rows.filter(({ action }) => actions.includes(action)).length;
  if (earlier !== null) {
    const isEdited = gone.length > 0 || rows.some(({ decision }) => decision !== "kept");
    if (isEdited) output.log("INFO", `Batch ${name}: ${summaryOfMatch(plan)}`);
    for (const [workflow, changed] of changedWorkflows(plan)) {
      output.log("INFO", `Workflow ${workflow} has changed since ${counted(changed, "row")} ran: --rerun changed`);
    }
  }
  const part = (action: PlannedRow["action"], text: string) => count(action) > 0 ? [`${count(action)} ${text}`] : [];
  const parts = [
    `${counted(rows.filter(isSubmitted).length, "run")} to submit`,
    ...part("attach", "still running"),
    ...part("keep", "not run again"),
    ...part("leave", hasEnough ? "not needed" : "not selected"),
  ];
  output.log("INFO", `Batch ${name}: ${parts.join(", ")}`);
  const outdated = rows.filter(({ action, decision }) => action === "attach" && decision === "changed").length;
  if (outdated > 0) {
    const text = outdated === 1 ? "row still runs with its" : "rows still run with their";
    output.log("WARNING", `${outdated} changed ${text} earlier inputs: repeat the command when that has ended`);
  }
  if (count("submit", "rerun", "attach") === 0 && count("keep") > 0) {
    output.log("INFO", "To run rows again that have ended: --rerun failed, or --rerun all");
  }
}

export function answerPlan({ output }: BatchCall, plan: PlannedBatch): number {
  const { batchId, name, rows } = plan;
  const document = { batchId, name, ...matchDocument(plan), actions: rows.map(({ action }) => action) };
  return output.result({ ...document, ...COMPLETED, kind: "dry_run" }, () => renderBatchPlan(plan, output.layout()));
}

/** What a batch would do with each row, and why. */
export function renderBatchPlan(
  match: RowMatch<MatchedRow & Pick<PlannedRow, "action">>,
  { style, columns }: Layout,
): string {
  const rows = match.rows.map((matched) => {
    return [String(matched.row.row), matched.action, matched.row.label, reasonOf(matched)];
  });
  const gone = match.gone.map(({ row, label, status }) => {
    return ["", "leave", label, `no longer in the file, was row ${row} (${status})`];
  });
  return renderTable([["ROW", "ACTION", "LABEL", "WHY"], ...rows, ...gone], { columns, paint: paintRows(style) });
}

export async function confirmMany(call: BatchCall, { name, rows }: PlannedBatch): Promise<void> {
  const count = rows.filter(isSubmitted).length;
  const clusters = [...new Set(rows.flatMap(({ row: { cluster } }) => cluster ?? []))].sort();
  const where = clusters.length === 0
    ? ""
    : ` on ${clusters.slice(0, 5).join(", ")}${clusters.length > 5 ? ", …" : ""}`;
  await confirm(call, {
    isConfirmed: call.values.yes === true || count <= MAX_UNASKED_RUNS,
    action: `submit ${count} runs: it`,
    question: `Batch ${name} submits ${count} runs${where}. Continue?`,
    refused: "nothing was submitted",
  });
}
