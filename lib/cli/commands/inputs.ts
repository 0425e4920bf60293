import { NotFound, UsageError } from "../../errors.ts";
import { findWorkflow, gather } from "../../runs/prepare.ts";
import { explainInputs } from "../../inputs/explain.ts";
import type { Form } from "../../inputs/form.ts";
import { readLayers } from "../../inputs/layers.ts";
import { readForm } from "../../inputs/read_form.ts";
import { schemaOf } from "../../inputs/schema.ts";
import { skeletonOf } from "../../inputs/skeleton.ts";
import { skeletonYaml } from "../../inputs/skeleton_yaml.ts";
import type { Workflow } from "../../workflow.ts";
import { oneOf, text } from "../argv.ts";
import { type Call, type CommonValues, defineCommand, JSON_ARG } from "../command.ts";
import { EXIT_CODES } from "../exit_codes.ts";
import { inputSources } from "../input_sources.ts";
import { openClient } from "../open.ts";
import { renderExplained } from "../render/inputs.ts";

const skeletonForm = oneOf("json", "yaml");

export const inputs = defineCommand({
  name: "inputs",
  summary: "files of inputs: begin one, check one, see where a value comes from",
  usage: "new|schema|explain WORKFLOW [-i INPUTS]… [options]",
  examples: [
    {
      line: "pw-workflow-runner inputs new hello-world -o inputs/mine.yaml",
      does: "a file to fill in, with its defaults",
    },
    {
      line: "pw-workflow-runner inputs explain hello-world -i base.json -i slurm.partition=debug",
      does: "what would be sent, and which -i each value comes from",
    },
    {
      line: "pw-workflow-runner inputs schema hello-world > hello-world.schema.json",
      does: "a JSON Schema, for editors",
    },
  ],
  notes: "explain shows what run would send; what stands behind (default) is not sent: the platform fills it in.",
  args: {
    action: { type: "positional" },
    workflow: { type: "positional" },
    input: {
      type: "custom",
      parse: text,
      short: "i",
      multiple: true,
      metavar: "INPUTS",
      description: "Inputs, as for run",
    },
    preset: { type: "custom", parse: text, metavar: "NAME", description: "Start from inputs saved with the workflow" },
    output: { type: "custom", parse: text, short: "o", metavar: "FILE", description: "Write to this new file" },
    format: {
      type: "custom",
      parse: skeletonForm,
      metavar: "FORM",
      description: "json or yaml (default: by the file's ending)",
    },
    ...JSON_ARG,
  },
  async run(call) {
    const { values } = call;
    switch (values.action) {
      case "new":
        return await writeSkeleton(call);
      case "schema":
        return await printSchema(call);
      case "explain":
        return await explain(call);
      default:
        throw new UsageError(`Cannot do inputs ${values.action}: it is new, schema or explain`, {
          hint: "See `pw-workflow-runner inputs --help`",
        });
    }
  },
});

type InputsCall = Call<
  CommonValues & {
    readonly workflow: string;
    readonly input?: string[] | undefined;
    readonly preset?: string | undefined;
    readonly output?: string | undefined;
    readonly format?: "json" | "yaml" | undefined;
  }
>;

async function writeSkeleton(call: InputsCall): Promise<number> {
  const { context, output, values } = call;
  const { workflow, form } = await formOf(call);
  const isYaml = values.format === "yaml" || (values.format === undefined && /\.ya?ml$/i.test(values.output ?? ""));
  const skeleton = isYaml ? skeletonYaml(form) : `${JSON.stringify(skeletonOf(form), null, 2)}\n`;
  if (values.output === undefined) {
    output.raw(skeleton);
    return EXIT_CODES.completed;
  }
  try {
    await context.writeNewFile(values.output, skeleton);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    throw new UsageError(`Cannot write ${values.output}: there is a file of that name`, {
      hint: "Name another, or move it away: nothing is overwritten",
      cause: error,
    });
  }
  output.say("INFO", `Fill in ${values.output}, then: pw-workflow-runner run ${workflow.name} -i ${values.output}`);
  return EXIT_CODES.completed;
}

async function printSchema(call: InputsCall): Promise<number> {
  const { workflow, form } = await formOf(call);
  call.output.document(schemaOf(form, workflow.name));
  return EXIT_CODES.completed;
}

async function explain({ context, output, signal, values }: InputsCall): Promise<number> {
  const layers = await readLayers(values.input ?? [], inputSources(context));
  const client = await openClient({ context, output, values });
  const { form, resolved } = await gather({ client }, {
    workflow: values.workflow,
    layers,
    preset: values.preset ?? null,
  }, { signal });
  const rows = await explainInputs(resolved, form);
  if (output.mode === "json") output.document(rows);
  else if (rows.length === 0) output.say("INFO", "Nothing is given, and nothing is asked for");
  else output.answer(renderExplained(rows, output.answerStyle));
  return EXIT_CODES.completed;
}

async function formOf({ context, output, signal, values }: InputsCall): Promise<{ workflow: Workflow; form: Form }> {
  const client = await openClient({ context, output, values });
  const workflow = await findWorkflow({ client }, values.workflow, signal);
  const form = readForm(workflow.yaml);
  if (form !== null) return { workflow, form };
  throw new NotFound(`Cannot tell what ${workflow.name} asks for: the server left its file out`);
}
