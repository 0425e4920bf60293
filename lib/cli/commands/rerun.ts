import { InvalidInputs } from "../../errors.ts";
import { findRun, ownerOf } from "../../runs/find.ts";
import { formatRunId } from "../../run.ts";
import { createInputLayer, type InputLayer } from "../../inputs/merge.ts";
import { sourcesAt } from "../../inputs/sources.ts";
import { type JsonObject, parsePath, valueAt } from "../../json.ts";
import { slugOf, type Submission } from "../../submission.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { readInputs } from "../input_options.ts";
import { ONE_RUN, parseOneRun } from "../tracking/run_ref.ts";
import { findInHistory } from "./history.ts";
import { INPUT_NOTES, RUN_OPTIONS, submitRunSpec } from "./run.ts";

export const command = defineCommand({
  examples: {
    "pw-workflow-runner rerun last": "Submit the latest run again",
    "pw-workflow-runner rerun hello-world#46 -i hello.message=again": "Submit it again with one value changed",
  },
  notes:
    `Inputs come from the local history, which contains no secrets: rerun prompts for them. Those of a run that was started elsewhere come from the platform, as it returns them.\n\n${INPUT_NOTES}`,
  args: { ...ONE_RUN, ...RUN_OPTIONS },
  async run(call) {
    const { context, signal, values } = call;
    const ref = parseOneRun(values.run);
    const overrides = await readInputs(context, values.input);
    return await submitRunSpec(call, async (deps) => {
      const owner = await ownerOf(deps, signal);
      const record = await findInHistory(deps.store, ref, { owner, nowMs: deps.clock.now() });
      if (record !== undefined) return await fromRecord(call.context, record, overrides);
      const runId = await findRun(deps, ref, { signal });
      const { workflowName, inputs } = await deps.client.getRun(runId, { signal });
      const layer = createInputLayer(`run ${formatRunId(runId)}`, inputs ?? {});
      return { workflow: workflowName ?? "", layers: [layer, ...overrides], preset: null };
    });
  },
});

async function fromRecord(context: Context, record: Submission, overrides: readonly InputLayer[]) {
  const { workflow, inputs, inputsWithoutSecrets, secretPaths } = record.request;
  const storedInputs: JsonObject = inputs ?? inputsWithoutSecrets ?? {};
  const missing = inputs === null
    ? secretPaths.filter((path) => sourcesAt(overrides, parsePath(path) ?? []).length === 0)
    : [];
  const prompted = await promptForSecrets(context, workflow, missing);
  const stored = createInputLayer(`run ${slugOf(record) ?? record.submissionId}`, storedInputs);
  // What was typed without echo stays a secret, also where an override is none by its name.
  const secrets = secretPaths.map((text): InputLayer => {
    const path = parsePath(text) ?? [];
    return { ...stored, path, value: valueAt(storedInputs, path) ?? null, isSecret: true };
  });
  return { workflow, layers: [stored, ...secrets, ...prompted, ...overrides], preset: null };
}

async function promptForSecrets(context: Context, workflow: string, paths: readonly string[]): Promise<InputLayer[]> {
  if (paths.length > 0 && !context.stdin.isTerminal) {
    const problems = paths.map((path) => ({ origin: "", path, message: "is a secret, and secrets are not stored" }));
    throw new InvalidInputs(`Cannot rerun ${workflow}: secrets are missing, nothing was submitted`, problems, {
      hint: "Add -i NAME=@FILE for each, or -i NAME=@- at a terminal",
    });
  }
  const layers = await readInputs(context, paths.map((path) => `${path}=@-`));
  return layers.map((layer) => ({ ...layer, origin: "prompt", isUntyped: true }));
}
