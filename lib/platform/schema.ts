/**
 * Reads responses: checks their shapes, and knows those about the account. Imported while the request is in flight, because
 * loading zod takes long. The shapes are made when they are used: a command uses one or two of them.
 */

import {
  array,
  boolean,
  looseObject,
  nullable,
  nullish,
  object,
  optional,
  pipe,
  safeParse,
  string,
  transform,
  unknown,
} from "../deps/zod.ts";
import type { Identity } from "../account.ts";
import type { Cluster } from "../cluster.ts";
import { BadResponse } from "../errors.ts";
import { formatPath, isObject, type Json, type JsonObject, parseJson, valueAt } from "../json.ts";
import type { Session } from "../session.ts";
import type { Workflow } from "../workflow.ts";
import type { HttpResponse } from "./exchange.ts";

const TEXT = string();
/** A text; `null` if it is missing or empty. One for all shapes, as making each takes a while. */
export const OPTIONAL_TEXT = pipe(nullish(TEXT), transform(nonEmpty));
export const ANY = optional(unknown());

/** The contract's WorkflowItem. */
function workflowShape() {
  return looseObject({
    id: TEXT,
    name: TEXT,
    type: nullish(TEXT),
    favorite: nullish(boolean()),
    displayName: OPTIONAL_TEXT,
    description: OPTIONAL_TEXT,
    tags: nullish(array(TEXT)),
    user: OPTIONAL_TEXT,
    yaml: ANY,
    configurations: nullish(array(looseObject({ name: TEXT, builtin: nullish(boolean()), inputs: ANY }))),
  });
}

export function readWorkspaceStatus(response: HttpResponse, action: string): string | null {
  return readShape(looseObject({ status: OPTIONAL_TEXT }), response, action).status;
}

/** The contract's AuthSession. */
export function readIdentity(response: HttpResponse, action: string): Identity {
  const shape = looseObject({ username: TEXT, name: OPTIONAL_TEXT, email: OPTIONAL_TEXT, organization: OPTIONAL_TEXT });
  const { username: user, name: fullName, email, organization } = readShape(shape, response, action);
  return { user, fullName, email, organization };
}

/** The contract's Session; its name is required there, but servers send null. */
export function readSessions(response: HttpResponse, action: string): Session[] {
  const shape = nullable(array(looseObject({
    name: nullish(TEXT),
    slug: nullish(TEXT),
    type: nullish(TEXT),
    status: OPTIONAL_TEXT,
    healthy: nullish(boolean()),
    externalHref: OPTIONAL_TEXT,
    url: OPTIONAL_TEXT,
    errorMessage: OPTIONAL_TEXT,
    workflowRun: nullish(looseObject({ slug: OPTIONAL_TEXT })),
  })));
  const sessions = readShape(shape, response, action) ?? [];
  return sessions.map(({ name, slug, type, status, healthy, externalHref, url, errorMessage, workflowRun }) => ({
    name: name ?? slug ?? "",
    type: type ?? "",
    status,
    isHealthy: healthy ?? null,
    externalHref,
    url,
    errorMessage,
    runSlug: workflowRun?.slug ?? null,
  }));
}

/** The contract's GeneralCluster. */
export function readClusters(response: HttpResponse, action: string): Cluster[] {
  const shape = nullable(array(object({
    id: TEXT,
    name: TEXT,
    displayName: OPTIONAL_TEXT,
    user: OPTIONAL_TEXT,
    type: OPTIONAL_TEXT,
    status: TEXT,
    ipAddress: pipe(nullish(TEXT), transform((address) => address ?? "")),
    schedulerType: OPTIONAL_TEXT,
    csp: OPTIONAL_TEXT,
  })));
  return readShape(shape, response, action) ?? [];
}

export function readWorkflows(response: HttpResponse, action: string): Workflow[] {
  return (readShape(nullable(array(workflowShape())), response, action) ?? []).map(workflowOf);
}

export function readWorkflow(response: HttpResponse, action: string): Workflow {
  return workflowOf(readShape(workflowShape(), response, action));
}

function workflowOf(workflow: OutputOf<ReturnType<typeof workflowShape>>): Workflow {
  return {
    id: workflow.id,
    name: workflow.name,
    displayName: workflow.displayName,
    description: workflow.description,
    type: workflow.type ?? "",
    tags: workflow.tags ?? [],
    isFavorite: workflow.favorite ?? false,
    owner: workflow.user,
    yaml: jsonObject(workflow.yaml),
    presets: (workflow.configurations ?? []).map(({ name, builtin, inputs }) => ({
      name,
      isBuiltin: builtin ?? false,
      inputs: jsonObject(inputs) ?? {},
    })),
  };
}

type Schema = Parameters<typeof safeParse>[0];

/** A schema whose output is `T`. */
export type SchemaOf<T> = Schema & { readonly _zod: { readonly output: T } };

/** What a schema reads. */
export type OutputOf<S extends Schema> = S["_zod"]["output"];

/**
 * Reads a response's JSON and checks its shape.
 *
 * @throws BadResponse `Cannot list runs: runs[3].id must be a string, got number (request …)`.
 */
export function readShape<T>(schema: SchemaOf<T>, response: HttpResponse, action: string): T {
  const value = readJson(response, action);
  const result = safeParse(schema, value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = (issue?.path ?? []).map((key) => typeof key === "number" ? key : String(key));
  const expected = issue !== undefined && "expected" in issue ? describeType(String(issue.expected)) : "something else";
  const where = path.length === 0 ? "the response" : formatPath(path);
  throw badResponse(response, action, `${where} must be ${expected}, got ${typeName(valueAt(value, path))}`);
}

/**
 * Reads a response's JSON without checking its shape.
 *
 * @throws BadResponse if it is not JSON.
 */
export function readJson(response: HttpResponse, action: string): Json {
  const value = parseJson(response.text);
  if (value !== undefined) return value;
  const text = response.text.trim();
  const problem = text === "" ? "is empty" : text.startsWith("<") ? "is a web page" : "is not JSON";
  throw badResponse(response, action, `the response ${problem}`);
}

export function badResponse(
  { status, requestId }: Pick<HttpResponse, "status" | "requestId">,
  action: string,
  reason: string,
): BadResponse {
  return new BadResponse(`Cannot ${action}: ${reason} (${status}, request ${requestId})`, {
    hint:
      "Check the host that the key names, and whether a proxy intercepts requests to it; otherwise report this as a bug",
  });
}

/** `null` for a value that is not an object. */
export function jsonObject(value: unknown): JsonObject | null {
  return isObject(value) ? value : null;
}

/** `null` for a missing, null or empty text: servers differ in what they send. */
export function nonEmpty(text: string | null | undefined): string | null {
  return text === undefined || text === null || text === "" ? null : text;
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  array: "an array",
  boolean: "true or false",
  int: "a whole number",
  number: "a number",
  object: "an object",
  record: "an object",
  string: "a string",
};

function describeType(expected: string): string {
  return TYPE_NAMES[expected] ?? expected;
}

function typeName(value: unknown): string {
  if (value === undefined) return "nothing";
  return value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
}
