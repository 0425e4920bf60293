/**
 * Reads responses: checks their shapes, and knows those about the account. By hand: loading zod takes as long as all that a
 * command does before its first request.
 */

import type { Identity } from "../account.ts";
import type { Cluster } from "../cluster.ts";
import { BadResponse, orError } from "../errors.ts";
import { formatPath, type InputPath, isObject, type Json, type JsonObject, parseJson } from "../json.ts";
import type { Session } from "../session.ts";
import type { Workflow } from "../workflow.ts";
import type { HttpResponse } from "./exchange.ts";
import type { Reader } from "./request.ts";

/**
 * Reads the value at a path of a response.
 *
 * @throws Mismatch
 */
export type Shape<T> = (value: unknown, path: InputPath) => T;

/** A value has another shape: the message is like `runs[3].id must be a string, got number`. */
export class Mismatch extends Error {
  override readonly name = "Mismatch";

  constructor(path: InputPath, expected: string, value: unknown) {
    const where = path.length === 0 ? "the response" : formatPath(path);
    super(`${where} must be ${expected}, got ${typeName(value)}`);
  }
}

function typeName(value: unknown): string {
  if (value === undefined) return "nothing";
  return value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
}

function shapeOf<T>(expected: string, is: (value: unknown) => value is T): Shape<T> {
  return (value, path) => {
    if (is(value)) return value;
    throw new Mismatch(path, expected, value);
  };
}

export const TEXT = shapeOf("a string", (value) => typeof value === "string");
export const NUMBER = shapeOf("a number", (value): value is number => Number.isFinite(value));
const BOOLEAN = shapeOf("true or false", (value) => typeof value === "boolean");
const OBJECT = shapeOf("an object", isObject);
const LIST = shapeOf("an array", (value): value is readonly unknown[] => Array.isArray(value));

/** `null` for what is missing or null: servers differ in what they send. */
export function optional<T>(shape: Shape<T>): Shape<T | null> {
  return (value, path) => value === undefined || value === null ? null : shape(value, path);
}

/** `null` also for an empty text. */
export const OPTIONAL_TEXT: Shape<string | null> = (value, path) => optional(TEXT)(value, path) || null;

/** `null` also for another shape: what is only shown must not stop a run when the platform changes it. */
function shown<T>(shape: Shape<T>): Shape<T | null> {
  return (value, path) => {
    const read = orError(Mismatch, () => optional(shape)(value, path));
    return read instanceof Mismatch ? null : read;
  };
}

const SHOWN_TEXT = shown(OPTIONAL_TEXT);

/** Empty for what is missing or null. */
export function listOf<T>(shape: Shape<T>): Shape<T[]> {
  return (value, path) => optional(LIST)(value, path)?.map((item, index) => shape(item, [...path, index])) ?? [];
}

/** Reads the members of an object by name, each with its shape. */
export function membersOf(value: unknown, path: InputPath): <T>(name: string, shape: Shape<T>) => T {
  const object = OBJECT(value, path);
  return (name, shape) => shape(object[name], [...path, name]);
}

/**
 * A reader of JSON that has this shape.
 *
 * @returns It throws BadResponse, as with `Cannot list runs: runs[3].id must be a string, got number (200, request …)`.
 */
export function readerOf<T>(shape: Shape<T>): Reader<T> {
  return (response, action) => {
    const json = readJson(response, action);
    const value = orError(Mismatch, () => shape(json, []));
    if (value instanceof Mismatch) throw badResponse(response, action, value.message);
    return value;
  };
}

/**
 * Reads a response's JSON without checking its shape.
 *
 * @throws BadResponse if it is not JSON.
 */
function readJson(response: HttpResponse, action: string): Json {
  const value = parseJson(response.text);
  if (value !== undefined) return value;
  const text = response.text.trim();
  const problem = text === "" ? "is empty" : text.startsWith("<") ? "is a web page" : "is not JSON";
  throw badResponse(response, action, `the response ${problem}`);
}

function badResponse(
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

const preset: Shape<Workflow["presets"][number]> = (value, path) => {
  const read = membersOf(value, path);
  return {
    name: read("name", TEXT),
    isBuiltin: read("builtin", optional(BOOLEAN)) ?? false,
    inputs: read("inputs", jsonObject) ?? {},
  };
};

/** The contract's WorkflowItem. */
const workflow: Shape<Workflow> = (value, path) => {
  const read = membersOf(value, path);
  return {
    id: read("id", TEXT),
    name: read("name", TEXT),
    displayName: read("displayName", SHOWN_TEXT),
    description: read("description", SHOWN_TEXT),
    type: read("type", SHOWN_TEXT) ?? "",
    tags: read("tags", shown(listOf(TEXT))) ?? [],
    isFavorite: read("favorite", shown(BOOLEAN)) ?? false,
    owner: read("user", SHOWN_TEXT),
    yaml: read("yaml", jsonObject),
    presets: read("configurations", listOf(preset)),
  };
};

export const readWorkflow = readerOf(workflow);
export const readWorkflows = readerOf(listOf(workflow));

export const readWorkspaceStatus = readerOf((value, path) => membersOf(value, path)("status", OPTIONAL_TEXT));

/** The contract's AuthSession. */
export const readIdentity = readerOf((value, path): Identity => {
  const read = membersOf(value, path);
  return {
    user: read("username", TEXT),
    fullName: read("name", SHOWN_TEXT),
    email: read("email", SHOWN_TEXT),
    organization: read("organization", SHOWN_TEXT),
  };
});

/** The contract's Session; its name is required there, but servers send null. */
export const readSessions = readerOf(listOf((value, path): Session => {
  const read = membersOf(value, path);
  return {
    name: read("name", optional(TEXT)) ?? read("slug", optional(TEXT)) ?? "",
    type: read("type", OPTIONAL_TEXT) ?? "",
    status: read("status", OPTIONAL_TEXT),
    isHealthy: read("healthy", optional(BOOLEAN)),
    externalHref: read("externalHref", OPTIONAL_TEXT),
    url: read("url", OPTIONAL_TEXT),
    errorMessage: read("errorMessage", SHOWN_TEXT),
    runSlug: read("workflowRun", optional((run, at) => membersOf(run, at)("slug", OPTIONAL_TEXT))),
  };
}));

/** The contract's GeneralCluster. */
export const readClusters = readerOf(listOf((value, path): Cluster => {
  const read = membersOf(value, path);
  return {
    id: read("id", TEXT),
    name: read("name", TEXT),
    displayName: read("displayName", OPTIONAL_TEXT),
    user: read("user", OPTIONAL_TEXT),
    type: read("type", OPTIONAL_TEXT),
    status: read("status", TEXT),
    ipAddress: read("ipAddress", OPTIONAL_TEXT) ?? "",
    schedulerType: read("schedulerType", OPTIONAL_TEXT),
    csp: read("csp", OPTIONAL_TEXT),
  };
}));
