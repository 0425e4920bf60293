/** Answers about the account, its sessions and clusters: checked, and told in our words. */

import { array, boolean, looseObject, nullable, nullish, number, string } from "../deps/zod.ts";
import type { Identity } from "../account.ts";
import type { Cluster } from "../cluster.ts";
import type { Session } from "../session.ts";
import type { Answer } from "./http.ts";
import { readShape, said } from "./schema.ts";

/** The contract's AuthSession. */
const IDENTITY = looseObject({
  username: string(),
  name: nullish(string()),
  email: nullish(string()),
  organization: nullish(string()),
});

/** The contract's Session; its name is required, and may be null all the same. */
const SESSIONS = nullable(array(looseObject({
  name: nullish(string()),
  slug: nullish(string()),
  type: nullish(string()),
  status: nullish(string()),
  healthy: nullish(boolean()),
  externalHref: nullish(string()),
  url: nullish(string()),
  errorMessage: nullish(string()),
  workflowRun: nullish(looseObject({ slug: nullish(string()), number: nullish(number()) })),
  localPort: nullish(number()),
  remoteHost: nullish(string()),
  remotePort: nullish(number()),
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

export function readWorkspaceStatus(answer: Answer, act: string): string | null {
  return said(readShape(WORKSPACE, answer, act).status);
}

export function readIdentity(answer: Answer, act: string): Identity {
  const { username, name, email, organization } = readShape(IDENTITY, answer, act);
  return { user: username, fullName: said(name), email: said(email), organization: said(organization) };
}

export function readSessions(answer: Answer, act: string): Session[] {
  return (readShape(SESSIONS, answer, act) ?? []).map((session) => ({
    name: session.name ?? session.slug ?? "",
    type: session.type ?? "",
    status: said(session.status),
    isHealthy: session.healthy ?? null,
    externalHref: said(session.externalHref),
    url: said(session.url),
    errorMessage: said(session.errorMessage),
    runSlug: said(session.workflowRun?.slug),
    runNumber: session.workflowRun?.number ?? null,
    localPort: session.localPort ?? null,
    remoteHost: said(session.remoteHost),
    remotePort: session.remotePort ?? null,
  }));
}

export function readClusters(answer: Answer, act: string): Cluster[] {
  return (readShape(CLUSTERS, answer, act) ?? []).map((cluster) => ({
    id: cluster.id,
    name: cluster.name,
    displayName: said(cluster.displayName),
    user: said(cluster.user),
    type: said(cluster.type),
    status: cluster.status,
    ipAddress: cluster.ipAddress ?? "",
    schedulerType: said(cluster.schedulerType),
    csp: said(cluster.csp),
  }));
}
