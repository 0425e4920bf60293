/** `run WORKFLOW --matrix …`: a batch without a file. */

import { readMatrixRows } from "../../batches/read_rows.ts";
import { canonicalJson } from "../../json.ts";
import { sha256 } from "../../text.ts";
import { type ArgValues } from "../argv.ts";
import { type Invocation, refuseOptions } from "../command.ts";
import { readInputs } from "../input_options.ts";
import { refuseReadFile } from "../output_file.ts";
import { type BatchValues, type MATRIX_OPTIONS, matrixArguments, type REPEAT_OPTION } from "./options.ts";
import { runBatch } from "./run_batch.ts";

/** Options of a single run that have no meaning for many. */
const FOR_ONE_RUN = [
  ...["preset", "noInput", "noWait", "idempotencyKey", "idempotencyPolicy", "submitTimeout", "noHistory"],
  ...["allowFailure", "report", "events"],
];

/** @returns The exit code. */
export async function runMatrix(
  call: Invocation<
    & BatchValues
    & ArgValues<typeof MATRIX_OPTIONS & typeof REPEAT_OPTION>
    & { readonly workflow: string; readonly input?: readonly string[] | undefined }
  >,
): Promise<number> {
  const { context, values, values: { workflow } } = call;
  refuseOptions(values, FOR_ONE_RUN, { reason: "together with --matrix or --repeat", hint: "It is for a single run" });
  const matrix = matrixArguments(values) ?? null;
  const layers = await readInputs(context, values.input);
  await refuseReadFile(context, [values.csv, values.jsonl, values.log, values.report]);
  const sources = { workflow, layers, matrix, repeat: values.repeat ?? 1 };
  // Without a name, the same command continues the same batch.
  const identity = (await sha256(canonicalJson(JSON.parse(JSON.stringify(matrix))))).slice(0, 6);
  return await runBatch(call, async (deps) => {
    return { ...await readMatrixRows(sources, deps), name: `${workflow}-${identity}` };
  });
}
