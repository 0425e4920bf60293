/** Workflow variables of an account. The value of a secret one is never returned. */

import { checkBody } from "../body.ts";
import { HttpError } from "../responses.ts";
import { textOf } from "../shape.ts";
import { type RouteContext, routesIn } from "./route.ts";

export const VARIABLE_ROUTES = routesIn({
  "GET /api/workflow-variables": ["other", listVariables],
  "POST /api/workflow-variables": ["other", addVariable],
  "PATCH /api/workflow-variables/:key": ["other", updateVariable],
  "DELETE /api/workflow-variables/:key": ["other", deleteVariable],
});

const UPDATE_FIELDS = { value: { type: "string" }, secret: { type: "boolean" } } as const;
const CREATE_FIELDS = {
  ...UPDATE_FIELDS,
  key: { type: "string", isRequired: true, minLength: 1, maxLength: 100 },
  value: { type: "string", isRequired: true },
} as const;

function listVariables(context: RouteContext) {
  return Object.fromEntries([...variablesOf(context).keys()].map((key) => [key, shown(context, key)]));
}

function addVariable(context: RouteContext) {
  const fields = checkBody(context.body, CREATE_FIELDS);
  const key = textOf(fields["key"]) ?? "";
  if (variablesOf(context).has(key)) throw new HttpError(409, `Variable ${key} already exists`);
  variablesOf(context).set(key, { value: textOf(fields["value"]) ?? "", isSecret: fields["secret"] === true });
  return shown(context, key);
}

function updateVariable(context: RouteContext) {
  const { key, variable } = existing(context);
  const fields = checkBody(context.body, UPDATE_FIELDS);
  const isSecret = fields["secret"] === undefined ? variable.isSecret : fields["secret"] === true;
  variablesOf(context).set(key, { value: textOf(fields["value"]) ?? variable.value, isSecret });
  return shown(context, key);
}

function deleteVariable(context: RouteContext) {
  variablesOf(context).delete(existing(context).key);
}

function variablesOf({ state, user }: RouteContext) {
  const variables = state.variables.get(user) ?? new Map();
  state.variables.set(user, variables);
  return variables;
}

function existing(context: RouteContext) {
  const key = context.params["key"] ?? "";
  const variable = variablesOf(context).get(key);
  if (variable === undefined) throw new HttpError(404, `Variable ${key} not found`);
  return { key, variable };
}

function shown(context: RouteContext, key: string) {
  const { value, isSecret } = variablesOf(context).get(key) ?? { value: "", isSecret: false };
  return { key, value: isSecret ? "" : value, secret: isSecret };
}
