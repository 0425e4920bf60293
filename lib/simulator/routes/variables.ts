/** Workflow variables of an account. The value of a secret one is never returned. */

import { checkBody, HttpError } from "../responses.ts";
import type { StoredVariable } from "../state.ts";
import { route, type RouteContext } from "./route.ts";

export const VARIABLE_ROUTES = [
  route("GET /api/workflow-variables", "other", (context) => {
    return Object.fromEntries([...variablesOf(context)].map(([key, variable]) => [key, shown(key, variable)]));
  }),
  route("POST /api/workflow-variables", "other", (context) => {
    const { key, value, secret } = checkBody(context.body, CREATE_FIELDS);
    if (variablesOf(context).has(String(key))) throw new HttpError(409, `Variable ${key} already exists`);
    return store(context, String(key), { value: String(value), isSecret: secret === true });
  }),
  route("PATCH /api/workflow-variables/:key", "other", (context) => {
    const { key, variable } = existing(context);
    const { value = variable.value, secret = variable.isSecret } = checkBody(context.body, UPDATE_FIELDS);
    return store(context, key, { value: String(value), isSecret: secret === true });
  }),
  route("DELETE /api/workflow-variables/:key", "other", (context) => {
    variablesOf(context).delete(existing(context).key);
  }),
];

const UPDATE_FIELDS = { value: { type: "string" }, secret: { type: "boolean" } } as const;
const CREATE_FIELDS = {
  ...UPDATE_FIELDS,
  key: { type: "string", isRequired: true, minLength: 1, maxLength: 100 },
  value: { type: "string", isRequired: true },
} as const;

function variablesOf({ state, user }: RouteContext): Map<string, StoredVariable> {
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

function store(context: RouteContext, key: string, variable: StoredVariable) {
  variablesOf(context).set(key, variable);
  return shown(key, variable);
}

function shown(key: string, { value, isSecret }: StoredVariable) {
  return { key, value: isSecret ? "" : value, secret: isSecret };
}
