/** The user, workflows, sessions and clusters of the account. These routes do not depend on the API version. */

import { BadResponse, Unsupported } from "../errors.ts";
import type { Identity } from "../account.ts";
import { pathSegment, readResponse, sendRequest, withFallbackOnNotFound } from "./request.ts";
import type { Abortable, Client, RunOperations } from "./client.ts";
import type { Http } from "./http.ts";
import { readRawText } from "./raw_text.ts";

type AccountOperations = Omit<Client, "host" | "baseUrl" | "apiVersion" | keyof RunOperations>;

const NO_WORKFLOW = "no such workflow";

export function accountOperations(http: Http): AccountOperations {
  const operations: AccountOperations = {
    async whoAmI(options = {}) {
      const action = "identify the key's user";
      const request = { ...options, action, path: "/api/auth/session" };
      const reader = async () => (await import("./account_schema.ts")).readIdentity;
      const identity = await withFallbackOnNotFound(null, () => readResponse(http, request, reader));
      return identity ?? await identityFromWhoami(http, action, options);
    },

    async listWorkflows({ favoritesOnly = false, ...options } = {}) {
      const path = `/api/workflows${favoritesOnly ? "?favoriteOnly=true" : ""}`;
      const reader = async () => (await import("./account_schema.ts")).readWorkflows;
      return await readResponse(http, { ...options, action: "list workflows", path }, reader);
    },

    async getWorkflow(name, options) {
      const action = `read workflow ${name}`;
      const path = `/api/workflows/${pathSegment(name, action)}`;
      const reader = async () => (await import("./account_schema.ts")).readWorkflow;
      return await readResponse(http, { ...options, action, path, whenMissing: NO_WORKFLOW }, reader);
    },

    async getWorkflowYaml(name, options) {
      const action = `read the file of workflow ${name}`;
      const path = `/api/workflows/${pathSegment(name, action)}/yaml`;
      return readRawText(await sendRequest(http, { ...options, action, path, whenMissing: NO_WORKFLOW }));
    },

    async listSessions(options) {
      const reader = async () => (await import("./account_schema.ts")).readSessions;
      return await readResponse(http, { ...options, action: "list sessions", path: "/api/sessions" }, reader);
    },

    async listClusters(options) {
      const reader = async () => (await import("./account_schema.ts")).readClusters;
      return await readResponse(http, { ...options, action: "list clusters", path: "/api/clusters" }, reader);
    },

    async workspaceStatus(options) {
      const request = { ...options, action: "get the workspace status", path: "/api/user-workspace/status" };
      const reader = async () => (await import("./account_schema.ts")).readWorkspaceStatus;
      return await withFallbackOnNotFound(null, () => readResponse(http, request, reader));
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
  return await withFallbackOnNotFound(null, async () => {
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
