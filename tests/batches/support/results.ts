import type { RowResult } from "../../../lib/batch.ts";

export function aResult(parts: Partial<RowResult> = {}): RowResult {
  const row = parts.row ?? 1;
  return {
    row,
    label: `row ${row}`,
    workflow: "solve",
    tags: [],
    attempt: 1,
    status: "completed",
    run: null,
    startedAtMs: null,
    seconds: null,
    inputs: {},
    outputs: {},
    error: null,
    kind: null,
    ...parts,
  };
}
