/** The account: who it is, its workflows, sessions and clusters. The same on all servers, but for its age's gaps. */

import { BadResponse } from "../errors.ts";
import type { Identity } from "../account.ts";
import { ask, askOr, segment } from "./request.ts";
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
>;

const NO_WORKFLOW = "no such workflow";

export function accountOperations(http: Http): AccountOperations {
  return {
    async whoAmI(options) {
      const act = "ask whose key it is";
      const identity = await askOr(null, ["not_found", "unsupported"], async () => {
        const [answer, { readIdentity }] = await Promise.all([
          ask(http, { ...options, act, path: "/api/auth/session" }),
          import("./account_schema.ts"),
        ]);
        return readIdentity(answer, act);
      });
      return identity ?? await bareIdentity(http, act, options);
    },

    async listWorkflows({ favoritesOnly = false, ...options }) {
      const act = "list workflows";
      const path = `/api/workflows${favoritesOnly ? "?favoriteOnly=true" : ""}`;
      const [answer, { readWorkflows }] = await Promise.all([
        ask(http, { ...options, act, path }),
        import("./workflow_schema.ts"),
      ]);
      return readWorkflows(answer, act);
    },

    async getWorkflow(name, options) {
      const act = `read workflow ${name}`;
      const path = `/api/workflows/${segment(name, act)}`;
      const [answer, { readWorkflow }] = await Promise.all([
        ask(http, { ...options, act, path, whenMissing: NO_WORKFLOW }),
        import("./workflow_schema.ts"),
      ]);
      return readWorkflow(answer, act);
    },

    async getWorkflowYaml(name, options) {
      const act = `read the file of workflow ${name}`;
      const path = `/api/workflows/${segment(name, act)}/yaml`;
      return readRawText(await ask(http, { ...options, act, path, whenMissing: NO_WORKFLOW }));
    },

    async listSessions(options) {
      const act = "list sessions";
      const [answer, { readSessions }] = await Promise.all([
        ask(http, { ...options, act, path: "/api/sessions" }),
        import("./account_schema.ts"),
      ]);
      return readSessions(answer, act);
    },

    async listClusters(options) {
      const act = "list clusters";
      const [answer, { readClusters }] = await Promise.all([
        ask(http, { ...options, act, path: "/api/clusters" }),
        import("./account_schema.ts"),
      ]);
      return readClusters(answer, act);
    },

    async workspaceStatus(options) {
      const act = "ask how the workspace is";
      return await askOr(null, ["not_found", "unsupported"], async () => {
        const [answer, { readWorkspaceStatus }] = await Promise.all([
          ask(http, { ...options, act, path: "/api/user-workspace/status" }),
          import("./account_schema.ts"),
        ]);
        return readWorkspaceStatus(answer, act);
      });
    },
  };
}

/** Servers without a session route still answer `user:NAME`. */
async function bareIdentity(http: Http, act: string, options: Abortable): Promise<Identity> {
  const answer = await ask(http, { ...options, act, path: "/api/auth/whoami" });
  const [, user] = /^user:(\S+)$/.exec(readRawText(answer).trim()) ?? [];
  if (user === undefined) {
    throw new BadResponse(`Cannot ${act}: the answer does not read user:NAME (request ${answer.requestId})`);
  }
  return { user, fullName: null, email: null, organization: null };
}
