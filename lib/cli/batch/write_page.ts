import type { LoadedRow } from "../../batches/load_results.ts";
import { reportBatch } from "../../batches/report.ts";
import { cleanLog } from "../../log_text.ts";
import { redactDeep, redactorOf } from "../../redact.ts";
import { renderHtml } from "../../reports/html.ts";
import type { StoredBatch } from "../../store/batch_store.ts";
import type { Context } from "../context.ts";
import { replaceOutputFile } from "../output_file.ts";

/** Writes the results of a batch as an HTML page. */
export async function writeBatchPage(
  context: Context,
  path: string,
  { batch, rows, exitCode }: {
    readonly batch: StoredBatch;
    readonly rows: readonly LoadedRow[];
    readonly exitCode: number;
  },
): Promise<void> {
  const platformUrl = `https://${batch.owner.host}`;
  // Rows are stored without the values of secrets.
  const readable = redactorOf((text) => cleanLog(text), []);
  const report = redactDeep(reportBatch({ name: batch.name, platformUrl, exitCode }, rows), readable);
  await replaceOutputFile(context, path, await renderHtml(report));
}
