import { findWorkflow } from "../../runs/find.ts";
import { readForm } from "../../inputs/read_form.ts";
import { findSecrets, maskSecrets } from "../../inputs/secrets.ts";
import { argument, flag } from "../argv.ts";
import { defineCommand, JSON_OPTION, refuseOptions } from "../command.ts";
import { openClient } from "../open_client.ts";
import { renderWorkflow } from "../render/workflow.ts";

export const command = defineCommand({
  examples: {
    "pw-workflow-runner show hello-world": "Show its inputs with types, defaults and allowed values",
    "pw-workflow-runner show hello-world --yaml > hello-world.yaml": "Save the workflow file",
  },
  args: {
    workflow: argument("WORKFLOW", { completes: "workflow" }),
    ...JSON_OPTION,
    yaml: flag("Print the workflow file"),
  },
  async run({ context, output, signal, values }) {
    if (values.yaml === true && values.output !== "yaml") {
      refuseOptions(values, ["json", "output"], { reason: "together with --yaml" });
    }
    const client = await openClient({ context, output, signal, values });
    const workflow = await findWorkflow({ client }, values.workflow, { signal });
    if (values.yaml === true || values.output === "yaml") {
      const yaml = await client.getWorkflowYaml(workflow.name, { signal });
      // A file gets every byte; a terminal gets no control characters.
      if (context.stdout.isTerminal) output.raw(yaml.replaceAll("\r\n", "\n"));
      else context.stdout.write(yaml);
    } else if (output.mode === "json") {
      const { isFavorite, presets, ...others } = workflow;
      const form = readForm(workflow.yaml);
      const masked = presets.map((preset) => {
        const secretPaths = findSecrets(preset.inputs, { form, secretPaths: [] });
        return { ...preset, inputs: maskSecrets(preset.inputs, secretPaths) };
      });
      output.document({ ...others, favorite: isFavorite, presets: masked });
    } else {
      output.answer(renderWorkflow(workflow, output.layout()));
    }
  },
});
