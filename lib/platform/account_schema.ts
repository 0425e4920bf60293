/**
 * Reads responses about the account. Imported while the request is in flight, because loading zod takes long. The shapes are
 * made when they are used: a command uses one or two of them.
 */

import { array, boolean, looseObject, nullable, nullish, optional, string, unknown } from "../deps/zod.ts";
import type { Identity } from "../account.ts";
import type { Cluster } from "../cluster.ts";
import type { Session } from "../session.ts";
import type { Workflow } from "../workflow.ts";
import type { HttpResponse } from "./exchange.ts";
import { jsonObject, nonEmpty, type OutputOf, readShape } from "./schema.ts";

/** The contract's AuthSession. */
function identityShape() {
  return looseObject({
    username: string(),
    name: nullish(string()),
    email: nullish(string()),
    organization: nullish(string()),
  });
}

/** The contract's Session; its name is required there, but servers send null. */
function sessionsShape() {
  return nullable(array(looseObject({
    name: nullish(string()),
    slug: nullish(string()),
    type: nullish(string()),
    status: nullish(string()),
    healthy: nullish(boolean()),
    externalHref: nullish(string()),
    url: nullish(string()),
    errorMessage: nullish(string()),
    workflowRun: nullish(looseObject({ slug: nullish(string()) })),
  })));
}

/** The contract's GeneralCluster. */
function clustersShape() {
  return nullable(array(looseObject({
    id: string(),
    name: string(),
    status: string(),
    displayName: nullish(string()),
    user: nullish(string()),
    type: nullish(string()),
    ipAddress: nullish(string()),
    schedulerType: nullish(string()),
    csp: nullish(string()),
  })));
}

/** The contract's WorkflowItem. */
function workflowShape() {
  return looseObject({
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
  });
}

function workspaceShape() {
  return looseObject({ status: nullish(string()) });
}

export function readWorkspaceStatus(response: HttpResponse, action: string): string | null {
  return nonEmpty(readShape(workspaceShape(), response, action).status);
}

export function readIdentity(response: HttpResponse, action: string): Identity {
  const { username, name, email, organization } = readShape(identityShape(), response, action);
  return { user: username, fullName: nonEmpty(name), email: nonEmpty(email), organization: nonEmpty(organization) };
}

export function readSessions(response: HttpResponse, action: string): Session[] {
  return (readShape(sessionsShape(), response, action) ?? []).map((session) => ({
    name: session.name ?? session.slug ?? "",
    type: session.type ?? "",
    status: nonEmpty(session.status),
    isHealthy: session.healthy ?? null,
    externalHref: nonEmpty(session.externalHref),
    url: nonEmpty(session.url),
    errorMessage: nonEmpty(session.errorMessage),
    runSlug: nonEmpty(session.workflowRun?.slug),
  }));
}

export function readClusters(response: HttpResponse, action: string): Cluster[] {
  return (readShape(clustersShape(), response, action) ?? []).map((cluster) => ({
    id: cluster.id,
    name: cluster.name,
    displayName: nonEmpty(cluster.displayName),
    user: nonEmpty(cluster.user),
    type: nonEmpty(cluster.type),
    status: cluster.status,
    ipAddress: cluster.ipAddress ?? "",
    schedulerType: nonEmpty(cluster.schedulerType),
    csp: nonEmpty(cluster.csp),
  }));
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
