/** The plan of a batch, as it is shown and confirmed before anything is submitted. */

import { matchDocument, summaryOfMatch } from "../../batches/match_rows.ts";
import { changedWorkflows, type PlannedBatch, type PlannedRow } from "../../batches/plan_batch.ts";
import { counted } from "../../text.ts";
import { confirm } from "../confirm.ts";
import { COMPLETED } from "../exit_codes.ts";
import type { BatchCall } from "./options.ts";

/** More are submitted only with a yes. */
const MAX_UNASKED_RUNS = 100;

/** What has changed since the batch was run before. */
export function reportPlan({ output }: BatchCall, plan: PlannedBatch): void {
  const { name, earlier, rows, gone } = plan;
  const count = (...actions: readonly PlannedRow["action"][]) =>
    rows.filter(({ action }) => actions.includes(action)).length;
  if (earlier !== null) {
    const isEdited = gone.length > 0 || rows.some(({ decision }) => decision !== "kept");
    if (isEdited) output.log("INFO", `Batch ${name}: ${summaryOfMatch(plan)}`);
    for (const [workflow, changed] of changedWorkflows(plan)) {
      output.log("INFO", `Workflow ${workflow} has changed since ${counted(changed, "row")} ran: --rerun changed`);
    }
  }
  const attached = count("attach");
  const left = count("keep", "leave");
  const parts = [
    `${counted(count("submit", "rerun"), "run")} to submit`,
    ...(attached > 0 ? [`${attached} still running`] : []),
    ...(left > 0 ? [`${left} not run again`] : []),
  ];
  output.log("INFO", `Batch ${name}: ${parts.join(", ")}`);
}

export async function answerPlan({ output }: BatchCall, plan: PlannedBatch): Promise<number> {
  const { batchId, name, rows } = plan;
  if (output.mode === "text") {
    const { renderBatchPlan } = await import("../render/batch_plan.ts");
    output.answer(renderBatchPlan(plan, { ...output.layout(), actionOf: ({ action }) => action }));
  } else {
    output.document({
      batchId,
      name,
      ...matchDocument(plan),
      actions: rows.map(({ action }) => action),
      ...COMPLETED,
      kind: "dry_run",
    });
  }
  return 0;
}

export async function confirmMany(call: BatchCall, { name, rows }: PlannedBatch): Promise<void> {
  const count = rows.filter(({ action }) => action === "submit" || action === "rerun").length;
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
