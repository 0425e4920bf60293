/** The user, workflows, sessions and clusters of the account. These routes do not depend on the API version. */

import { BadResponse, Unsupported } from "../errors.ts";
import type { Identity } from "../account.ts";
import { pathSegment, sendRequest, withFallbackOnNotFound } from "./request.ts";
import type { Abortable, Client } from "./client.ts";
import type { Http } from "./http.ts";
import { readRawText } from "./raw_text.ts";

export type AccountOperations = Pick<
  Client,
  | "whoAmI"
  | "listWorkflows"
  | "getWorkflow"
  | "getWorkflowYaml"
  | "listSessions"
  | "listClusters"
  | "workspaceStatus"
  | "restartWorkspace"
>;

const NO_WORKFLOW = "no such workflow";

export function accountOperations(http: Http): AccountOperations {
  const operations: AccountOperations = {
    async whoAmI(options = {}) {
      const action = "identify the key's user";
      const identity = await withFallbackOnNotFound(null, ["not_found", "unsupported"], async () => {
        const [response, { readIdentity }] = await Promise.all([
          sendRequest(http, { ...options, action, path: "/api/auth/session" }),
          import("./account_schema.ts"),
        ]);
        return readIdentity(response, action);
      });
      return identity ?? await identityFromWhoami(http, action, options);
    },

    async listWorkflows({ favoritesOnly = false, ...options } = {}) {
      const action = "list workflows";
      const path = `/api/workflows${favoritesOnly ? "?favoriteOnly=true" : ""}`;
      const [response, { readWorkflows }] = await Promise.all([
        sendRequest(http, { ...options, action, path }),
        import("./workflow_schema.ts"),
      ]);
      return readWorkflows(response, action);
    },

    async getWorkflow(name, options) {
      const action = `read workflow ${name}`;
      const path = `/api/workflows/${pathSegment(name, action)}`;
      const [response, { readWorkflow }] = await Promise.all([
        sendRequest(http, { ...options, action, path, whenMissing: NO_WORKFLOW }),
        import("./workflow_schema.ts"),
      ]);
      return readWorkflow(response, action);
    },

    async getWorkflowYaml(name, options) {
      const action = `read the file of workflow ${name}`;
      const path = `/api/workflows/${pathSegment(name, action)}/yaml`;
      return readRawText(await sendRequest(http, { ...options, action, path, whenMissing: NO_WORKFLOW }));
    },

    async listSessions(options) {
      const action = "list sessions";
      const [response, { readSessions }] = await Promise.all([
        sendRequest(http, { ...options, action, path: "/api/sessions" }),
        import("./account_schema.ts"),
      ]);
      return readSessions(response, action);
    },

    async listClusters(options) {
      const action = "list clusters";
      const [response, { readClusters }] = await Promise.all([
        sendRequest(http, { ...options, action, path: "/api/clusters" }),
        import("./account_schema.ts"),
      ]);
      return readClusters(response, action);
    },

    async workspaceStatus(options) {
      const action = "get the workspace status";
      return await withFallbackOnNotFound(null, ["not_found", "unsupported"], async () => {
        const [response, { readWorkspaceStatus }] = await Promise.all([
          sendRequest(http, { ...options, action, path: "/api/user-workspace/status" }),
          import("./account_schema.ts"),
        ]);
        return readWorkspaceStatus(response, action);
      });
    },

    async restartWorkspace(options = {}) {
      const action = "start the workspace";
      const { user, organization: named } = await operations.whoAmI(options);
      const organization = named ?? await organizationFromWhoami(http, action, options);
      if (organization === null) {
        throw new Unsupported(`Cannot ${action}: the server does not name the organization of ${user}`, {
          hint: "Start it in the web interface",
        });
      }
      const owner = `organizations/${pathSegment(organization, action)}/users/${pathSegment(user, action)}`;
      const path = `/api/${owner}/user-workspace/restart`;
      await sendRequest(http, { ...options, action, method: "POST", path, body: { forceKill: false } });
    },
  };
  return operations;
}

/** For servers whose session does not name it: a JSON string, or the name itself. */
async function organizationFromWhoami(http: Http, action: string, options: Abortable): Promise<string | null> {
  return await withFallbackOnNotFound(null, ["not_found", "unsupported"], async () => {
    const { text } = await sendRequest(http, { ...options, action, path: "/api/auth/whoami/organization" });
    return text.trim().replace(/^"(.*)"$/, "$1") || null;
  });
}

/** Servers without a session route respond with `user:NAME` here. */
async function identityFromWhoami(http: Http, action: string, options: Abortable): Promise<Identity> {
  const response = await sendRequest(http, { ...options, action, path: "/api/auth/whoami" });
  const [, user] = /^user:(\S+)$/.exec(readRawText(response).trim()) ?? [];
  if (user === undefined) {
    throw new BadResponse(`Cannot ${action}: the response must be user:NAME (request ${response.requestId})`);
  }
  return { user, fullName: null, email: null, organization: null };
}
