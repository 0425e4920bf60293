import { InvalidInputs } from "../../errors.ts";
import type { Deps } from "../../runs/deps.ts";
import { findRun } from "../../runs/find.ts";
import type { GivenInputs } from "../../runs/prepare.ts";
import { formatRunId } from "../../runs/view.ts";
import { givenLayer, type InputLayer, readLayers } from "../../inputs/layers.ts";
import { formatPath, parsePath, valueAt } from "../../inputs/path.ts";
import { slugOf } from "../../store/run_store.ts";
import type { JsonObject } from "../../json.ts";
import type { Submission } from "../../submission.ts";
import { type Call, defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { inputSources } from "../input_sources.ts";
import { parseOneRun } from "../tracking/run_ref.ts";
import { findRecord } from "./history.ts";
import { INPUT_NOTES, RUN_ARGS, runSpec } from "./run.ts";

export const rerun = defineCommand({
  name: "rerun",
  summary: "submit again what was run, with the same inputs",
  usage: "RUN [-i INPUTS]… [options]",
  examples: [
    { line: "pw-workflow-runner rerun last", does: "once more, with the same inputs" },
    { line: "pw-workflow-runner rerun hello-world#47 -i hello.message=again", does: "with one value changed" },
  ],
  notes:
    `Inputs come from the history, or from the platform. Secrets are in neither: they are asked for.\n\n${INPUT_NOTES}`,
  args: { run: { type: "positional", multiple: true, required: false }, ...RUN_ARGS },
  async run(call) {
    const { context, signal, values } = call;
    const ref = parseOneRun(values.run ?? []);
    const given = await readLayers(values.input ?? [], inputSources(context));
    return await runSpec(call, async (deps) => {
      const name = ref.type === "last" ? "last" : ref.type === "word" ? ref.word : `${ref.workflow}#${ref.number}`;
      const record = await findRecord(deps.store, name);
      if (record !== undefined) return await fromRecord(call, record, given);
      return await fromPlatform(deps, await findRun(deps, ref, { signal }), given, signal);
    });
  },
});

async function fromRecord(
  { context }: Pick<Call<unknown>, "context">,
  record: Submission,
  given: readonly InputLayer[],
): Promise<GivenInputs> {
  const { workflow, inputs, inputsWithoutSecrets, secretPaths } = record.request;
  const known: JsonObject = inputs ?? inputsWithoutSecrets ?? {};
  const missing = inputs === null ? secretPaths.filter((path) => !given.some((layer) => gives(layer, path))) : [];
  const asked = await askFor(context, workflow, missing);
  const origin = `run ${slugOf(record) ?? record.submissionId}`;
  return { workflow, layers: [givenLayer(origin, known), ...asked, ...given], preset: null };
}

async function fromPlatform(
  { client }: Deps,
  runId: Parameters<Deps["client"]["getRun"]>[0],
  given: readonly InputLayer[],
  signal: AbortSignal,
): Promise<GivenInputs> {
  const { workflowName, inputs } = await client.getRun(runId, { signal });
  const layer = givenLayer(`run ${formatRunId(runId)}`, inputs ?? {});
  return { workflow: workflowName ?? "", layers: [layer, ...given], preset: null };
}

async function askFor(context: Context, workflow: string, paths: readonly string[]): Promise<InputLayer[]> {
  if (paths.length > 0 && !context.stdin.isTerminal) {
    const problems = paths.map((path) => ({ origin: "", path, message: "is a secret, and was not stored" }));
    throw new InvalidInputs(`Cannot run ${workflow} again: secrets are missing, nothing was submitted`, problems, {
      hint: "Give each: -i NAME=@FILE, or -i NAME=@- at a terminal",
    });
  }
  const layers: InputLayer[] = [];
  for (const text of paths) {
    const path = parsePath(text);
    if (path === undefined) continue;
    const value = await context.askSecret(text);
    layers.push({ type: "value", origin: "asked", path, value, isUntyped: true, isSecret: true });
  }
  return layers;
}

function gives(layer: InputLayer, path: string): boolean {
  if (layer.type === "value") return formatPath(layer.path) === path;
  const segments = parsePath(path);
  return segments !== undefined && valueAt(layer.value, segments) !== undefined;
}
