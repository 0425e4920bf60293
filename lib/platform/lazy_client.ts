import type { Client } from "./client.ts";
import type { Credential } from "./credentials/credentials.ts";

/** A client whose modules are loaded by its first call: most ticks make none, which keeps the cold start short. */
export function lazyClient(
  { host, baseUrl }: Pick<Credential, "host" | "baseUrl">,
  load: () => Promise<Client>,
): Client {
  let loading: Promise<Client> | undefined;
  const client = () => loading ??= load();
  return {
    host,
    baseUrl,
    apiVersion: async (options) => await (await client()).apiVersion(options),
    whoAmI: async (options) => await (await client()).whoAmI(options),
    listWorkflows: async (options) => await (await client()).listWorkflows(options),
    getWorkflow: async (name, options) => await (await client()).getWorkflow(name, options),
    getWorkflowYaml: async (name, options) => await (await client()).getWorkflowYaml(name, options),
    submit: async (submission, options) => await (await client()).submit(submission, options),
    dryRun: async (submission, options) => await (await client()).dryRun(submission, options),
    getRun: async (runId, options) => await (await client()).getRun(runId, options),
    listRuns: async (query) => await (await client()).listRuns(query),
    deleteRun: async (runId, options) => await (await client()).deleteRun(runId, options),
    cancelRun: async (runId, options) => await (await client()).cancelRun(runId, options),
    readRunFile: async (runId, path, options) => await (await client()).readRunFile(runId, path, options),
    listSessions: async (options) => await (await client()).listSessions(options),
    listClusters: async (options) => await (await client()).listClusters(options),
    workspaceStatus: async (options) => await (await client()).workspaceStatus(options),
    restartWorkspace: async (options) => await (await client()).restartWorkspace(options),
  };
}
