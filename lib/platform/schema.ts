/** Reads responses: checks their shapes, and knows those about the account. */

import type { Identity } from "../account.ts";
import type { Cluster } from "../cluster.ts";
import { BadResponse, orError } from "../errors.ts";
import { isObject, type Json, type JsonObject, parseJson } from "../json.ts";
import type { Session } from "../session.ts";
import type { Workflow } from "../workflow.ts";
import type { HttpResponse } from "./exchange.ts";
import type { Reader } from "./request.ts";
import { BOOLEAN, listOf, membersOf, Mismatch, optional, OPTIONAL_TEXT, type Shape, TEXT } from "./shape.ts";

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
    displayName: read("displayName", OPTIONAL_TEXT),
    description: read("description", OPTIONAL_TEXT),
    type: read("type", OPTIONAL_TEXT) ?? "",
    tags: read("tags", listOf(TEXT)),
    isFavorite: read("favorite", optional(BOOLEAN)) ?? false,
    owner: read("user", OPTIONAL_TEXT),
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
    fullName: read("name", OPTIONAL_TEXT),
    email: read("email", OPTIONAL_TEXT),
    organization: read("organization", OPTIONAL_TEXT),
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
    errorMessage: read("errorMessage", OPTIONAL_TEXT),
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
