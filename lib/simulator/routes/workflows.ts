/** Workflows, their files in three forms, their saved inputs, and what was granted to them. */

import type { JsonObject } from "../../json.ts";
import { json, noContent, raw, Refusal } from "../answers.ts";
import { checkBody } from "../body.ts";
import { objectOf, textOf } from "../shape.ts";
import { newId } from "../id.ts";
import type { Preset, WorkflowRecord } from "../state.ts";
import type { Call, Route } from "./route.ts";

export const WORKFLOW_ROUTES: readonly Route[] = [
  { method: "GET", path: "/api/workflows", operation: "list-workflows", handle: listWorkflows },
  {
    method: "GET",
    path: "/api/workflows/:workflow",
    operation: "get-workflow",
    handle: (call) => json(workflowJson(call.user, workflowOf(call))),
  },
  {
    method: "GET",
    path: "/api/workflows/:workflow/json",
    operation: "get-workflow-json",
    handle: (call) => json(workflowOf(call).yaml),
  },
  {
    method: "GET",
    path: "/api/workflows/:workflow/yaml",
    operation: "get-workflow-yaml",
    handle: (call) => raw(workflowOf(call).file.yaml, "application/yaml"),
  },
  {
    method: "GET",
    path: "/api/workflows/:workflow/markdown",
    operation: "other",
    handle: (call) => json(workflowOf(call).file.readme ?? null),
  },
  { method: "POST", path: "/api/workflows/:workflow/saved-inputs", operation: "other", handle: addPreset },
  { method: "PATCH", path: "/api/workflows/:workflow/saved-inputs/:name", operation: "other", handle: changePreset },
  { method: "DELETE", path: "/api/workflows/:workflow/saved-inputs/:name", operation: "other", handle: dropPreset },
  { method: "GET", path: "/api/workflow-permissions", operation: "other", handle: listGrants },
  { method: "DELETE", path: "/api/workflow-permissions/:workflow", operation: "other", handle: dropGrant },
];

function listWorkflows({ world, user, query }: Call) {
  const all = [...world.workflows.get(user)?.values() ?? []];
  const shown = query.get("favoriteOnly") === "true" ? all.filter(({ file }) => file.isFavorite === true) : all;
  return json(shown.map((record) => workflowJson(user, record)));
}

function workflowOf({ world, user, params }: Call): WorkflowRecord {
  const record = world.workflows.get(user)?.get(params["workflow"] ?? "");
  if (record !== undefined) return record;
  throw new Refusal(404, `Workflow ${params["workflow"]} not found`, { code: "workflow_not_found" });
}

function workflowJson(user: string, { id, file, yaml, presets }: WorkflowRecord): JsonObject {
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

function addPreset(call: Call) {
  const record = workflowOf(call);
  const { name, inputs } = presetIn(call.body);
  if (record.presets.some((preset) => preset.name === name)) {
    throw new Refusal(409, `Saved inputs ${name} exist already`);
  }
  record.presets.push({ id: newId(call.nowMs, call.world.random), name, inputs, builtin: false });
  return savedInputs(record);
}

function changePreset(call: Call) {
  const record = workflowOf(call);
  const { name, inputs } = presetIn(call.body);
  Object.assign(ownPreset(record, call.params["name"]), { name, inputs });
  return savedInputs(record);
}

function dropPreset(call: Call) {
  const record = workflowOf(call);
  const dropped = ownPreset(record, call.params["name"]);
  record.presets = record.presets.filter((preset) => preset !== dropped);
  return savedInputs(record);
}

function presetIn(body: unknown): { readonly name: string; readonly inputs: JsonObject } {
  const checked = checkBody(body, PRESET_FIELDS);
  return { name: textOf(checked["name"]) ?? "", inputs: objectOf(checked["inputs"]) };
}

function ownPreset(record: WorkflowRecord, name: string | undefined): Preset {
  const preset = record.presets.find((preset) => preset.name === name);
  if (preset === undefined) throw new Refusal(404, `Saved inputs ${name} not found`);
  if (preset.builtin) throw new Refusal(403, `Saved inputs ${name} belong to the workflow file`);
  return preset;
}

function savedInputs(record: WorkflowRecord) {
  return json({ savedInputs: record.presets.length === 0 ? null : record.presets });
}

function listGrants({ world, user }: Call) {
  const grants = [...world.grants].filter(([key]) => key.startsWith(`${user} `)).map(([key, granted]) => ({
    workflow: key.slice(user.length + 1),
    allowedPermissions: granted.permissions,
    allowedUserVariables: granted.variables,
  }));
  return json(grants.length === 0 ? null : grants);
}

function dropGrant({ world, user, params }: Call) {
  if (!world.grants.delete(`${user} ${params["workflow"]}`)) {
    throw new Refusal(404, `Nothing was granted to ${params["workflow"]}`);
  }
  return noContent;
}
