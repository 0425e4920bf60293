import { array, boolean, looseObject, nullable, nullish, string } from "../deps/zod.ts";
import type { Identity } from "../account.ts";
import type { Cluster } from "../cluster.ts";
import type { Session } from "../session.ts";
import type { HttpResponse } from "./exchange.ts";
import { nonEmpty, readShape } from "./schema.ts";

/** The contract's AuthSession. */
const IDENTITY = looseObject({
  username: string(),
  name: nullish(string()),
  email: nullish(string()),
  organization: nullish(string()),
});

/** The contract's Session; its name is required there, but servers send null. */
const SESSIONS = nullable(array(looseObject({
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

/** The contract's GeneralCluster. */
const CLUSTERS = nullable(array(looseObject({
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

const WORKSPACE = looseObject({ status: nullish(string()) });

export function readWorkspaceStatus(response: HttpResponse, action: string): string | null {
  return nonEmpty(readShape(WORKSPACE, response, action).status);
}

export function readIdentity(response: HttpResponse, action: string): Identity {
  const { username, name, email, organization } = readShape(IDENTITY, response, action);
  return { user: username, fullName: nonEmpty(name), email: nonEmpty(email), organization: nonEmpty(organization) };
}

export function readSessions(response: HttpResponse, action: string): Session[] {
  return (readShape(SESSIONS, response, action) ?? []).map((session) => ({
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
  return (readShape(CLUSTERS, response, action) ?? []).map((cluster) => ({
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
