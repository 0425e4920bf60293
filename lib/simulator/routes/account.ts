/** Identity of the user, and resources other than workflows and runs. */

import { checkBody, HttpError } from "../responses.ts";
import { SIMULATED_ORGANIZATION, SIMULATED_USERS } from "../auth.ts";
import { newSession, openSessions, sessionJson } from "../sessions.ts";
import { workspaceStatus } from "../state.ts";
import { route, type RouteContext } from "./route.ts";
import { requestSimulatedCancel } from "./runs.ts";

export const ACCOUNT_ROUTES = [
  route("GET /healthzz", "health", () => "OK", { isPublic: true }),
  route("GET /workflow.schema.json", "other", () => WORKFLOW_SCHEMA, { isPublic: true }),
  route("GET /api/auth/whoami", "whoami", ({ user }) => `user:${user}`, { contentType: "text/plain" }),
  route("GET /api/auth/whoami/organization", "organization", () => SIMULATED_ORGANIZATION),
  route("GET /api/auth/session", "auth-session", ({ user }) => ({
    id: `66a${String(SIMULATED_USERS.findIndex((name) => name === user) + 1).padStart(21, "0")}`,
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
  })),
  route("GET /api/sessions", "list-sessions", ({ state, user, query, nowMs }) => {
    const type = query.get("type");
    const sessions = openSessions(state, user).filter(({ session }) => type === null || session.type === type);
    // The platform writes an empty list as `null` or as `[]`.
    return sessions.length === 0 ? null : sessions.map((open) => sessionJson(state, open, nowMs));
  }),
  route("GET /api/organizations/:organization/users/:user/sessions/:name", "get-session", getSession),
  route("POST /api/sessions", "create-session", ({ state, user, body, nowMs }) => {
    const { type, name, ...fields } = checkBody(body, SESSION_FIELDS);
    if (openSessions(state, user).some(({ session }) => session.name === name)) {
      throw new HttpError(409, `Session ${name} already exists`);
    }
    const given = { type: String(type), user, createdAtMs: nowMs, fields };
    const session = newSession(state, name === undefined ? given : { ...given, name: String(name) });
    state.createdSessions.push(session);
    return sessionJson(state, { session, run: null }, nowMs);
  }),
  route("POST /api/organizations/:organization/users/:user/sessions/:name/restart", "restart-session", (context) => {
    sessionOf(context).session.restartedAtMs = context.nowMs;
    return getSession(context);
  }),
  route("DELETE /api/organizations/:organization/users/:user/sessions/:name", "delete-session", (context) => {
    sessionOf(context).session.isDeleted = true;
  }),
  route("GET /api/clusters", "list-clusters", ({ state, user, query }) => {
    const scope = query.get("scope") ?? "mine";
    const isOwn = scope === "mine" || scope === "all" || scope === `user:${user}`;
    if (!isOwn) return null;
    return state.clusters.map((cluster) => ({
      ...cluster,
      user,
      requestedNodes: cluster.activeNodes,
      shouldPlatformProxy: false,
      updateFailed: false,
    }));
  }),
  route("GET /api/user-workspace/status", "workspace-status", ({ state, user, nowMs }) => ({
    status: workspaceStatus(state, user, nowMs),
  })),
  // The platform also gives the workspace a new SSH key, which no simulated route shows.
  route(
    "POST /api/organizations/:organization/users/:user/user-workspace/restart",
    "restart-workspace",
    ({ state, user, params, body, nowMs }) => {
      if (params["organization"] !== SIMULATED_ORGANIZATION || params["user"] !== user) {
        throw new HttpError(403, "Access to this workspace is denied");
      }
      checkBody(body, { forceKill: { type: "boolean", isRequired: true } });
      for (const run of state.runs.filter((run) => run.user === user)) requestSimulatedCancel(run, nowMs);
      state.workspaceRestarts.set(user, nowMs);
    },
  ),
];

/** The addresses of sessions, which are not of the API. */
export const SESSION_PAGES = ["GET /me/session/:user/:name/", "GET /me/session/:user/:name/:page"].map((at) =>
  // What the program behind a session's address would show.
  route(at, "other", ({ state, params, nowMs }) => {
    const { user = "", name = "" } = params;
    const open = openSessions(state, user).find(({ session }) => session.name === name);
    if (open === undefined || sessionJson(state, open, nowMs)["healthy"] !== true) {
      throw new HttpError(502, "The session does not respond");
    }
    return `<!doctype html><title>Session</title><h1>Session ${name} of ${user}</h1>\n`;
  }, { contentType: "text/html", isPublic: true })
);

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

function sessionOf({ state, user, params }: RouteContext) {
  const isOwn = params["organization"] === SIMULATED_ORGANIZATION && params["user"] === user;
  const open = isOwn && openSessions(state, user).find(({ session }) => session.name === params["name"]);
  if (!open) throw new HttpError(404, "Session not found", { code: "session_not_found" });
  return open;
}

function getSession(context: RouteContext) {
  return sessionJson(context.state, sessionOf(context), context.nowMs);
}

const SESSION_FIELDS = {
  type: { type: "string", isRequired: true, oneOf: ["tunnel", "link", "vscode", "desktop", "endpoint"] },
  name: { type: "string", minLength: 1, maxLength: 255 },
  description: { type: "string", maxLength: 255 },
  target: { type: "string" },
  url: { type: "string" },
} as const;
