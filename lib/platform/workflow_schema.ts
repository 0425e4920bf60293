import { array, boolean, looseObject, nullable, nullish, optional, string, unknown } from "../deps/zod.ts";
import type { Workflow } from "../workflow.ts";
import type { HttpResponse } from "./exchange.ts";
import { jsonObject, nonEmpty, type OutputOf, readShape } from "./schema.ts";

/** The contract's WorkflowItem. */
const FIELDS = {
  id: string(),
  name: string(),
  type: nullish(string()),
  favorite: nullish(boolean()),
  displayName: nullish(string()),
  description: nullish(string()),
  tags: nullish(array(string())),
  user: nullish(string()),
  yaml: optional(unknown()),
  configurations: nullish(
    array(looseObject({ name: string(), builtin: nullish(boolean()), inputs: optional(unknown()) })),
  ),
};
const WORKFLOW = looseObject(FIELDS);
const WORKFLOWS = nullable(array(WORKFLOW));

export function readWorkflows(response: HttpResponse, action: string): Workflow[] {
  return (readShape(WORKFLOWS, response, action) ?? []).map(workflowOf);
}

export function readWorkflow(response: HttpResponse, action: string): Workflow {
  return workflowOf(readShape(WORKFLOW, response, action));
}

function workflowOf(workflow: OutputOf<typeof WORKFLOW>): Workflow {
  return {
    id: workflow.id,
    name: workflow.name,
    displayName: nonEmpty(workflow.displayName),
    description: nonEmpty(workflow.description),
    type: workflow.type ?? "",
    tags: workflow.tags ?? [],
    isFavorite: workflow.favorite ?? false,
    owner: nonEmpty(workflow.user),
    yaml: jsonObject(workflow.yaml),
    presets: (workflow.configurations ?? []).map(({ name, builtin, inputs }) => ({
      name,
      isBuiltin: builtin ?? false,
      inputs: jsonObject(inputs) ?? {},
    })),
  };
}
