/** Workflow variables of an account. The value of a secret one is never returned. */

import { checkBody, HttpError } from "../responses.ts";
import type { StoredVariable } from "../state.ts";
import { route, type RouteContext } from "./route.ts";

export const VARIABLE_ROUTES = [
  route("GET /api/workflow-variables", "other", (context) => {
    return Object.fromEntries([...variablesOf(context)].map(([key, variable]) => [key, shown(variable)]));
  }),
  route("POST /api/workflow-variables", "other", (context) => {
    const { key, value, secret } = checkBody(context.body, CREATE_FIELDS);
    if (variablesOf(context).has(String(key))) throw new HttpError(409, `Variable ${key} already exists`);
    return store(context, { key: String(key), value: String(value), secret: secret === true });
  }),
  route("PATCH /api/workflow-variables/:key", "other", (context) => {
    return store(context, { ...existing(context), ...checkBody(context.body, UPDATE_FIELDS) });
  }),
  route("DELETE /api/workflow-variables/:key", "other", (context) => {
    variablesOf(context).delete(existing(context).key);
  }),
];

const UPDATE_FIELDS = {
  value: { type: "string", minLength: 1, maxLength: 1_000 },
  secret: { type: "boolean" },
} as const;
const CREATE_FIELDS = {
  ...UPDATE_FIELDS,
  key: { type: "string", isRequired: true, maxLength: 100, pattern: /^[\w-]+$/ },
  value: { ...UPDATE_FIELDS.value, isRequired: true },
} as const;

function variablesOf({ state, user }: RouteContext): Map<string, StoredVariable> {
  const variables = state.variables.get(user) ?? new Map();
  state.variables.set(user, variables);
  return variables;
}

function existing(context: RouteContext): StoredVariable {
  const { key = "" } = context.params;
  const variable = variablesOf(context).get(key);
  if (variable === undefined) throw new HttpError(404, `Variable ${key} not found`);
  return variable;
}

function store(context: RouteContext, variable: StoredVariable): StoredVariable {
  variablesOf(context).set(variable.key, variable);
  return shown(variable);
}

function shown(variable: StoredVariable): StoredVariable {
  return variable.secret ? { ...variable, value: "" } : variable;
}
