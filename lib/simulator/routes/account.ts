/** Who one is, and what one has besides workflows and runs. */

import { json, noContent, raw, Refusal } from "../answers.ts";
import { ORGANIZATION } from "../auth.ts";
import { clusterList } from "../clusters.ts";
import { closeSession, sessionList } from "../sessions.ts";
import { textOf } from "../shape.ts";
import type { Call, Route } from "./route.ts";

export const ACCOUNT_ROUTES: readonly Route[] = [
  { method: "GET", path: "/healthzz", operation: "health", isOpen: true, handle: () => json("OK") },
  {
    method: "GET",
    path: "/workflow.schema.json",
    operation: "other",
    isOpen: true,
    handle: () => json(WORKFLOW_SCHEMA),
  },
  {
    method: "GET",
    path: "/api/auth/whoami",
    operation: "whoami",
    handle: ({ user }) => raw(`user:${user}`, "text/plain"),
  },
  {
    method: "GET",
    path: "/api/auth/whoami/organization",
    operation: "organization",
    handle: () => json(ORGANIZATION),
  },
  { method: "GET", path: "/api/auth/session", operation: "auth-session", handle: authSession },
  { method: "GET", path: "/api/sessions", operation: "list-sessions", handle: listSessions },
  {
    method: "GET",
    path: "/api/organizations/:organization/users/:user/sessions/:name",
    operation: "get-session",
    handle: (call) => json(sessionOf(call)),
  },
  {
    method: "DELETE",
    path: "/api/organizations/:organization/users/:user/sessions/:name",
    operation: "delete-session",
    handle: deleteSession,
  },
  { method: "GET", path: "/api/clusters", operation: "list-clusters", handle: listClusters },
  {
    method: "GET",
    path: "/api/user-workspace/status",
    operation: "workspace-status",
    handle: ({ world }) => json({ status: world.behavior().workspace }),
  },
];

const WORKFLOW_SCHEMA = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "Workflow",
  type: "object",
  required: ["jobs"],
  properties: {
    on: { type: "object" },
    env: { type: "object" },
    permissions: { type: "array", items: { type: "string" } },
    sessions: { type: "object" },
    configurations: { type: "object" },
    jobs: { type: "object", minProperties: 1, additionalProperties: { type: "object", required: ["steps"] } },
  },
};

function authSession({ user }: Call) {
  return json({
    id: ID_OF_USER.get(user) ?? "",
    username: user,
    safeUsername: user,
    name: user.slice(0, 1).toUpperCase() + user.slice(1),
    email: `${user}@example.org`,
    admin: false,
    billingAdmin: false,
    partner: false,
    organization: ORGANIZATION,
    organizationDisplayName: "Example organization",
    organizationAdmin: false,
    organizationOwner: false,
    organizationRoles: [],
    previews: null,
    allocationSystem: "flexible",
    sidebarOptions: null,
    timezone: "UTC",
  });
}

const ID_OF_USER: ReadonlyMap<string, string> = new Map([
  ["demo", "66a000000000000000000001"],
  ["alice", "66a000000000000000000002"],
  ["bob", "66a000000000000000000003"],
]);

function listSessions({ world, user, query, nowMs }: Call) {
  const type = query.get("type");
  const sessions = sessionList(world, user, nowMs).filter((session) => type === null || session["type"] === type);
  // The platform writes an empty list either way.
  return json(sessions.length === 0 ? null : sessions);
}

function sessionOf({ world, user, params, nowMs }: Call) {
  const isOwn = params["organization"] === ORGANIZATION && params["user"] === user;
  const session = isOwn && sessionList(world, user, nowMs).find((session) => session["name"] === params["name"]);
  if (!session) throw new Refusal(404, "Session not found", { code: "session_not_found" });
  return session;
}

function deleteSession(call: Call) {
  closeSession(call.world, call.user, textOf(sessionOf(call)["name"]) ?? "");
  return noContent;
}

function listClusters({ user, query }: Call) {
  const scope = query.get("scope") ?? "mine";
  const isOwn = scope === "mine" || scope === "all" || scope === `user:${user}`;
  return json(isOwn ? clusterList(user) : null);
}
