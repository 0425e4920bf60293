/** Answers about workflows: checked, and told in our words. Shape: the contract's WorkflowItem. */

import { array, boolean, looseObject, nullable, nullish, optional, string, unknown } from "../deps/zod.ts";
import type { Workflow } from "../workflow.ts";
import type { Answer } from "./http.ts";
import { jsonObject, readShape, said } from "./schema.ts";

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

type WireWorkflow = ReturnType<typeof shapeOfWorkflow>;

export function readWorkflows(answer: Answer, act: string): Workflow[] {
  return (readShape(WORKFLOWS, answer, act) ?? []).map(workflowOf);
}

export function readWorkflow(answer: Answer, act: string): Workflow {
  return workflowOf(shapeOfWorkflow(answer, act));
}

function shapeOfWorkflow(answer: Answer, act: string) {
  return readShape(WORKFLOW, answer, act);
}

function workflowOf(workflow: WireWorkflow): Workflow {
  return {
    id: workflow.id,
    name: workflow.name,
    displayName: said(workflow.displayName),
    description: said(workflow.description),
    type: workflow.type ?? "",
    tags: workflow.tags ?? [],
    isFavorite: workflow.favorite ?? false,
    owner: said(workflow.user),
    yaml: jsonObject(workflow.yaml),
    presets: (workflow.configurations ?? []).map(({ name, builtin, inputs }) => ({
      name,
      isBuiltin: builtin ?? false,
      inputs: jsonObject(inputs) ?? {},
    })),
  };
}
