/** Workflows, their files, presets (saved inputs) and consent. */

import type { JsonObject } from "../../json.ts";
import { checkBody, HttpError } from "../responses.ts";
import { newId, objectOf, textOf } from "../shape.ts";
import type { StoredPreset, StoredWorkflow } from "../state.ts";
import { route, type RouteContext } from "./route.ts";

export const WORKFLOW_ROUTES = [
  route("GET /api/workflows", "list-workflows", ({ state, user, query }) => {
    const all = [...state.workflows.get(user)?.values() ?? []];
    const shown = query.get("favoriteOnly") === "true" ? all.filter(({ file }) => file.isFavorite === true) : all;
    return shown.map((record) => workflowJson(user, record));
  }),
  route("GET /api/workflows/:workflow", "get-workflow", (context) => workflowJson(context.user, workflowOf(context))),
  route("GET /api/workflows/:workflow/json", "get-workflow-json", (context) => workflowOf(context).yaml),
  route("GET /api/workflows/:workflow/yaml", "get-workflow-yaml", (context) => workflowOf(context).file.yaml, {
    contentType: "application/yaml",
  }),
  route("GET /api/workflows/:workflow/markdown", "other", (context) => workflowOf(context).file.readme ?? null),
  route("POST /api/workflows/:workflow/saved-inputs", "other", (context) => {
    const record = workflowOf(context);
    const { name, inputs } = presetIn(context.body);
    if (record.presets.some((preset) => preset.name === name)) {
      throw new HttpError(409, `Saved inputs ${name} already exist`);
    }
    record.presets.push({ id: newId(context.nowMs, context.state.random), name, inputs, builtin: false });
    return savedInputs(record);
  }),
  route("PATCH /api/workflows/:workflow/saved-inputs/:name", "other", (context) => {
    const record = workflowOf(context);
    Object.assign(ownPreset(record, context.params["name"]), presetIn(context.body));
    return savedInputs(record);
  }),
  route("DELETE /api/workflows/:workflow/saved-inputs/:name", "other", (context) => {
    const record = workflowOf(context);
    const deleted = ownPreset(record, context.params["name"]);
    record.presets = record.presets.filter((preset) => preset !== deleted);
    return savedInputs(record);
  }),
  route("GET /api/workflow-permissions", "other", ({ state, user }) => {
    const grants = [...state.grants].filter(([key]) => key.startsWith(`${user} `)).map(([key, granted]) => ({
      workflow: key.slice(user.length + 1),
      allowedPermissions: granted.permissions,
      allowedUserVariables: granted.variables,
    }));
    return grants.length === 0 ? null : grants;
  }),
  route("DELETE /api/workflow-permissions/:workflow", "other", ({ state, user, params }) => {
    if (!state.grants.delete(`${user} ${params["workflow"]}`)) {
      throw new HttpError(404, `No permissions for workflow ${params["workflow"]}`);
    }
  }),
];

function workflowOf({ state, user, params }: RouteContext): StoredWorkflow {
  const record = state.workflows.get(user)?.get(params["workflow"] ?? "");
  if (record !== undefined) return record;
  throw new HttpError(404, `Workflow ${params["workflow"]} not found`, { code: "workflow_not_found" });
}

function workflowJson(user: string, { id, file, yaml, presets }: StoredWorkflow): JsonObject {
  return {
    id,
    name: file.name,
    slug: file.name,
    displayName: file.displayName ?? file.name,
    description: file.description ?? "",
    type: "local",
    user,
    favorite: file.isFavorite ?? false,
    tags: file.tags === undefined ? null : [...file.tags],
    yaml,
    configurations: presets.length === 0 ? null : presets.map((preset) => ({ ...preset })),
  };
}

const PRESET_FIELDS = {
  name: { type: "string", isRequired: true, minLength: 2, maxLength: 50 },
  inputs: { type: "object", isRequired: true },
} as const;

function presetIn(body: unknown): { readonly name: string; readonly inputs: JsonObject } {
  const checked = checkBody(body, PRESET_FIELDS);
  return { name: textOf(checked["name"]) ?? "", inputs: objectOf(checked["inputs"]) };
}

function ownPreset(record: StoredWorkflow, name: string | undefined): StoredPreset {
  const preset = record.presets.find((preset) => preset.name === name);
  if (preset === undefined) throw new HttpError(404, `Saved inputs ${name} not found`);
  if (preset.builtin) throw new HttpError(403, `Saved inputs ${name} are part of the workflow file`);
  return preset;
}

function savedInputs(record: StoredWorkflow) {
  return { savedInputs: record.presets.length === 0 ? null : record.presets };
}
