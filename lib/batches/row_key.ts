import type { BatchPlan, BatchRow } from "../batch.ts";
import { canonicalJson } from "../json.ts";
import { sha256 } from "../text.ts";

/** The length suffices for the rows of one batch, and keeps index rows short. */
const KEY_LENGTH = 20;

/**
 * What identifies each row of a batch: the batch's name, the workflow, the inputs as given, and, among equal rows, which
 * one it is. The order of rows does not matter, nor do labels, tags and the rows around it.
 *
 * @returns Hex digits, in the order of the rows.
 */
export async function rowKeys({ name, rows }: BatchPlan): Promise<readonly string[]> {
  const seen = new Map<string, number>();
  const contents = rows.map((row) => {
    const content = contentOf(row);
    const occurrence = (seen.get(content) ?? 0) + 1;
    seen.set(content, occurrence);
    return canonicalJson([name, content, occurrence]);
  });
  return await Promise.all(contents.map(async (content) => (await sha256(content)).slice(0, KEY_LENGTH)));
}

/** Equal rows have equal contents. */
export function contentOf({ workflow, inputs }: Pick<BatchRow, "workflow" | "inputs">): string {
  return canonicalJson([workflow, inputs]);
}
