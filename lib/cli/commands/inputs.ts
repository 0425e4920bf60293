import { NotFound } from "../../errors.ts";
import { findWorkflow } from "../../runs/find.ts";
import { gatherInputs } from "../../runs/prepare.ts";
import { inputFileArgument } from "../../inputs/command_line.ts";
import { checkGivenInputs } from "../../inputs/check.ts";
import { type ExplainedInput, explainInputs } from "../../inputs/explain.ts";
import { readForm } from "../../inputs/read_form.ts";
import { jsonSchemaOf } from "../../inputs/schema.ts";
import { skeletonOf, skeletonYaml } from "../../inputs/skeleton.ts";
import { evaluateConditions } from "../../inputs/field_state.ts";
import { actionOf, argument, type ArgValues, oneOf, option } from "../argv.ts";
import { defineCommand, type Invocation, JSON_OPTION } from "../command.ts";
import { DEFAULTS_OPTION, INPUT_DETAILS, logUnknownConditions, readInputs, showWarnings } from "../input_options.ts";
import { openClient } from "../open_client.ts";
import { writeOutputFile, writing } from "../output_file.ts";
import type { Layout } from "../terminal/style.ts";
import { renderTable } from "../terminal/table.ts";
import { fitToWidth } from "../terminal/text_width.ts";
import { programCommand } from "../../shell_command.ts";

const action = actionOf({
  new: "create an input file to fill in",
  schema: "print a JSON Schema, for editors",
  explain: "show the inputs to submit and their sources",
});

const ARGS = {
  ...DEFAULTS_OPTION,
  action: argument("ACTION", { parse: action }),
  workflow: argument("WORKFLOW", { completes: "workflow" }),
  input: option("INPUTS", "Inputs, as for run", INPUT_DETAILS),
  preset: option("NAME", "Start from this preset of the workflow", { completes: "preset" }),
  ...JSON_OPTION,
  output: option("FILE", "Write to this file, which must not exist yet", { short: "o", completes: "file" }),
  format: option("FORMAT", "json or yaml (default: by the file extension)", oneOf("json", "yaml")),
} as const;

export const command = defineCommand({
  examples: {
    "pw-workflow-runner inputs new hello-world -o inputs/mine.yaml": "Create a file to fill in, with the defaults",
    "pw-workflow-runner inputs explain hello-world -i base.json -i slurm.partition=debug":
      "Show what would be sent and where each value comes from",
    "pw-workflow-runner inputs schema hello-world > hello-world.schema.json": "Create a JSON Schema for editors",
  },
  notes: [
    "explain shows what run would send, with the form's defaults (default, sent), which conditions may depend on. Values",
    "marked (default) are not sent: the platform fills them in.",
  ].join("\n"),
  optionsOf: { new: ["output", "format"], schema: [], explain: ["noDefaults", "input", "preset"] },
  args: ARGS,
  run: (call) => ({ new: writeSkeleton, schema: printSchema, explain })[call.values.action](call),
});

type InputsInvocation = Invocation<ArgValues<typeof ARGS>>;

async function writeSkeleton(call: InputsInvocation): Promise<void> {
  const { context, output, values } = call;
  const { output: path } = values;
  if (path !== undefined) await writing(path, () => context.checkNewFile(path));
  const { workflow, form } = await formOf(call);
  const isYaml = values.format === "yaml" || (values.format === undefined && /\.ya?ml$/i.test(path ?? ""));
  const skeleton = isYaml ? skeletonYaml(form) : `${JSON.stringify(skeletonOf(form), null, 2)}\n`;
  if (path === undefined) return output.raw(skeleton);
  await writeOutputFile(context, path, skeleton);
  const command = programCommand("run", [workflow.name], ["-i", inputFileArgument(path)]);
  output.log("INFO", `Fill in ${path}, then: ${command}`);
}

async function printSchema(call: InputsInvocation): Promise<void> {
  const { workflow, form } = await formOf(call);
  call.output.document(jsonSchemaOf(form, workflow.name));
}

async function explain({ context, output, signal, values }: InputsInvocation): Promise<void> {
  const layers = await readInputs(context, values.input);
  const client = await openClient({ context, output, signal, values });
  const { form, resolved, clusters, notes } = await gatherInputs({ client }, {
    workflow: values.workflow,
    layers,
    preset: values.preset ?? null,
    sendsDefaults: values.noDefaults !== true,
  }, { signal });
  for (const note of notes) output.log("INFO", note);
  const rows = explainInputs(resolved, form);
  if (output.mode === "json") output.document(rows);
  else if (rows.length === 0) output.log("INFO", "The workflow has no inputs, and none were given");
  else output.answer(renderExplained(rows, output.layout()));
  if (form !== null) {
    await showWarnings(output, checkGivenInputs(form, resolved, { clusters }));
    const { unknown } = evaluateConditions({ form, inputs: resolved.value, rows: [], clusters });
    logUnknownConditions(output, "INFO", unknown);
  }
}

/** At a terminal. A value may be a whole script. */
const MAX_VALUE_CELLS = 40;

/** A line per value: path, value, origin, and the values that it overrides. Pure. */
export function renderExplained(rows: readonly ExplainedInput[], { style, columns }: Layout): string {
  const cells = rows.map(({ path, value, origin, overrode, isSent }) => [
    path,
    columns === Infinity ? JSON.stringify(value) : fitToWidth(JSON.stringify(value), MAX_VALUE_CELLS),
    isSent ? (origin === "default" ? "default, sent" : origin) : `(${origin})`,
    overrode.map(({ value, origin }) => `overrides ${JSON.stringify(value)} from ${origin}`).join(", "),
  ]);
  return renderTable(cells, {
    columns: Infinity,
    paint(text, { row, column }) {
      if (rows[row]?.isSent === false) return style.dim(text);
      return column === 0 ? style.bold(text) : column === 3 ? style.dim(text) : text;
    },
  });
}

async function formOf(call: InputsInvocation) {
  const client = await openClient(call);
  const workflow = await findWorkflow({ client }, call.values.workflow, { signal: call.signal });
  const form = readForm(workflow.yaml);
  if (form !== null) return { workflow, form };
  throw new NotFound(`Cannot read the inputs of ${workflow.name}: the server did not return the workflow file`);
}
