/** Identity of the user, and resources other than workflows and runs. */

import { HttpError, jsonResponse, noContentResponse, rawResponse } from "../responses.ts";
import { checkBody } from "../body.ts";
import { SIMULATED_ORGANIZATION } from "../auth.ts";
import { clusterList } from "../clusters.ts";
import { createSession, sessionList } from "../sessions.ts";
import { textOf } from "../shape.ts";
import { workspaceStatus } from "../workspace.ts";
import { type RouteContext, routesIn } from "./route.ts";
import { requestSimulatedCancel } from "./runs.ts";

export const ACCOUNT_ROUTES = [
  ...routesIn({
    "GET /healthzz": ["health", () => jsonResponse("OK")],
    "GET /workflow.schema.json": ["other", () => jsonResponse(WORKFLOW_SCHEMA)],
  }, { isPublic: true }),
  ...routesIn({
    "GET /api/auth/whoami": ["whoami", ({ user }) => rawResponse(`user:${user}`, "text/plain")],
    "GET /api/auth/whoami/organization": ["organization", () => jsonResponse(SIMULATED_ORGANIZATION)],
    "GET /api/auth/session": ["auth-session", authSession],
    "GET /api/sessions": ["list-sessions", listSessions],
    "GET /api/organizations/:organization/users/:user/sessions/:name": [
      "get-session",
      (context) => jsonResponse(sessionOf(context)),
    ],
    "POST /api/sessions": ["create-session", postSession],
    "POST /api/organizations/:organization/users/:user/sessions/:name/restart": ["restart-session", restartSession],
    "DELETE /api/organizations/:organization/users/:user/sessions/:name": ["delete-session", deleteSession],
    "GET /api/clusters": ["list-clusters", listClusters],
    "GET /api/user-workspace/status": [
      "workspace-status",
      ({ state, user, nowMs }) => jsonResponse({ status: workspaceStatus(state, user, nowMs) }),
    ],
    "POST /api/organizations/:organization/users/:user/user-workspace/restart": ["restart-workspace", restartWorkspace],
  }),
];

/** The addresses of sessions, which are not of the API. */
export const SESSION_PAGES = routesIn({
  "GET /me/session/:user/:name/": ["other", sessionPage],
  "GET /me/session/:user/:name/:page": ["other", sessionPage],
}, { isPublic: true });

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

function authSession({ user }: RouteContext) {
  return jsonResponse({
    id: ID_OF_USER.get(user) ?? "",
    username: user,
    safeUsername: user,
    name: user.slice(0, 1).toUpperCase() + user.slice(1),
    email: `${user}@example.org`,
    admin: false,
    billingAdmin: false,
    partner: false,
    organization: SIMULATED_ORGANIZATION,
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

function listSessions({ state, user, query, nowMs }: RouteContext) {
  const type = query.get("type");
  const sessions = sessionList(state, user, nowMs).filter((session) => type === null || session["type"] === type);
  // The platform writes an empty list as `null` or as `[]`.
  return jsonResponse(sessions.length === 0 ? null : sessions);
}

function sessionOf({ state, user, params, nowMs }: RouteContext) {
  const isOwn = params["organization"] === SIMULATED_ORGANIZATION && params["user"] === user;
  const session = isOwn && sessionList(state, user, nowMs).find((session) => session["name"] === params["name"]);
  if (!session) throw new HttpError(404, "Session not found", { code: "session_not_found" });
  return session;
}

/** What the program behind a session's address would show. */
function sessionPage({ state, params, nowMs }: RouteContext) {
  const { user = "", name = "" } = params;
  const session = sessionList(state, user, nowMs).find((session) => session["name"] === name);
  if (session?.["healthy"] !== true) throw new HttpError(502, "The session does not respond");
  return rawResponse(`<!doctype html><title>Session</title><h1>Session ${name} of ${user}</h1>\n`, "text/html");
}

function deleteSession(context: RouteContext) {
  context.state.closedSessions.add(textOf(sessionOf(context)["id"]) ?? "");
  return noContentResponse;
}

const SESSION_FIELDS = {
  type: { type: "string", isRequired: true, oneOf: ["tunnel", "link", "vscode", "desktop", "endpoint"] },
  name: { type: "string", minLength: 1, maxLength: 255 },
  description: { type: "string", maxLength: 255 },
  target: { type: "string" },
  url: { type: "string" },
} as const;

function postSession({ state, user, body, nowMs }: RouteContext) {
  const fields = checkBody(body, SESSION_FIELDS);
  if (sessionList(state, user, nowMs).some(({ name }) => name === fields["name"])) {
    throw new HttpError(409, `Session ${fields["name"]} already exists`);
  }
  return jsonResponse(createSession(state, user, fields));
}

function restartSession(context: RouteContext) {
  context.state.sessionRestarts.set(textOf(sessionOf(context)["id"]) ?? "", context.nowMs);
  return jsonResponse(sessionOf(context));
}

const RESTART_FIELDS = { forceKill: { type: "boolean", isRequired: true } } as const;

/** The platform also gives the workspace a new SSH key, which no simulated route shows. */
function restartWorkspace({ state, user, params, body, nowMs }: RouteContext) {
  if (params["organization"] !== SIMULATED_ORGANIZATION || params["user"] !== user) {
    throw new HttpError(403, "Access to this workspace is denied");
  }
  checkBody(body, RESTART_FIELDS);
  for (const run of state.runs.filter((run) => run.user === user)) requestSimulatedCancel(run, nowMs);
  state.workspaceRestarts.set(user, nowMs);
  return noContentResponse;
}

function listClusters({ state, user, query }: RouteContext) {
  const scope = query.get("scope") ?? "mine";
  const isOwn = scope === "mine" || scope === "all" || scope === `user:${user}`;
  return jsonResponse(isOwn ? clusterList(state.clusters, user) : null);
}
