import type { JsonObject } from "../json.ts";
import type { ApiVersion, CapabilitiesStore } from "../capabilities.ts";
import { BadResponse, expected, fallbackTo, NotFound, RunnerError, Unsupported } from "../errors.ts";
import { storeFailureTo } from "../log.ts";
import { mapPieces } from "../pieces.ts";
import { formatRunId, type RunId } from "../run.ts";
import { jsonStringPieces } from "./body.ts";
import type { Abortable, Client, RunOperations, RunQuery, SubmitRequest } from "./client.ts";
import type { Credential } from "./credentials/credentials.ts";
import { createHttp, type Http, type HttpOptions } from "./http.ts";
import { NO_ROUTE, pathSegment, readRawText, readResponse, sendRequest, submitNotSent, submitOnce } from "./request.ts";
import {
  readClusters,
  readIdentity,
  readSessions,
  readWorkflow,
  readWorkflows,
  readWorkspaceStatus,
} from "./schema.ts";

/** Dependencies and settings of a client. */
export interface ClientOptions extends Omit<HttpOptions, "credential"> {
  /** Determines the host, too. */
  readonly credential: Credential;
  /** Skips the detection of the host's API version; default: detect it. */
  readonly apiVersion?: ApiVersion | undefined;
  /** Keeps what was detected for later processes: a run store, for example. */
  readonly store?: CapabilitiesStore | undefined;
}

/** It may have been upgraded, or a proxy may have responded in its place: a service runs for months. */
const MAX_LEGACY_AGE_MS = 60_000;
/** In a store: a server may be replaced by another one. */
const MAX_CURRENT_AGE_MS = 24 * 60 * 60_000;

/** Loaded when they are needed: a command that lists workflows starts faster without them. */
const runSchema = () => import("./run_schema.ts");
const legacy = () => import("./legacy.ts");

/** Creates a client without sending a request. */
export function createClient(options: ClientOptions): Client {
  const { credential } = options;
  const http = createHttp(options);
  const account = accountOperations(http);
  // A key keeps its user.
  const identity = createLookup((abortable) => account.whoAmI(abortable));
  let detectedAtMs = Infinity;
  const detect = async (abortable: Abortable) => {
    const version = await detectApiVersion(http, abortable, options.store);
    detectedAtMs = http.clock.monotonic();
    return version;
  };
  let lookup = createLookup(detect, options.apiVersion);
  const apiVersion = () => {
    const isOld = lookup.cached() === "legacy" && http.clock.monotonic() - detectedAtMs >= MAX_LEGACY_AGE_MS;
    if (isOld) lookup = createLookup(detect);
    return lookup;
  };
  const current = currentRuns(http);

  const runs = async (abortable: Abortable, runId?: RunId): Promise<RunOperations> => {
    // Only current servers have slugs: with a slug, the API version need not be detected.
    if (runId?.type === "slug" && apiVersion().cached() === undefined) return current;
    if (await apiVersion().get(abortable) === "current") return current;
    return (await legacy()).legacyRuns(http);
  };

  return {
    host: credential.host,
    baseUrl: credential.baseUrl,
    apiVersion: (abortable = {}) => apiVersion().get(abortable),
    ...account,
    whoAmI: (abortable = {}) => identity.get(abortable),

    submit: (submission, abortable = {}) =>
      runs(abortable).then((routes) => routes.submit(submission, abortable))
        .catch((error) => submitNotSent(expected(RunnerError)(error))),
    dryRun: async (submission, abortable = {}) => await (await runs(abortable)).dryRun(submission, abortable),
    async listRuns(query = {}) {
      if (apiVersion().cached() === undefined) {
        // Detects the version as well.
        const page = await current.listRuns(query).catch(fallbackTo(null, ...NO_ROUTE));
        if (page !== null) {
          apiVersion().set("current");
          return page;
        }
      }
      return await (await runs(query)).listRuns(query);
    },
    getRun: async (runId, abortable = {}) => await (await runs(abortable, runId)).getRun(runId, abortable),
    deleteRun: async (runId, abortable = {}) => await (await runs(abortable, runId)).deleteRun(runId, abortable),
    cancelRun: async (runId, abortable = {}) => await (await runs(abortable, runId)).cancelRun(runId, abortable),
    readRunFile: async (runId, path, abortable = {}) =>
      await (await runs(abortable, runId)).readRunFile(runId, path, abortable),
  };
}

/** A read decides: a 404 to a submit would be ambiguous, because it may refer to the workflow. */
export async function detectApiVersion(http: Http, options: Abortable, store?: CapabilitiesStore): Promise<ApiVersion> {
  const { readRunPage } = await runSchema();
  const { host } = new URL(http.baseUrl);
  // It only saves a request, so a store that fails is no warning.
  const onFailure = storeFailureTo(http.log, "DEBUG");
  const { apiVersion, apiVersionCheckedAtMs = 0 } = await store?.capabilities(host).catch(onFailure) ?? {};
  const isRecent = Math.abs(http.clock.now() - apiVersionCheckedAtMs) < MAX_CURRENT_AGE_MS;
  // A legacy server may be upgraded at any time.
  if (apiVersion === "current" && isRecent) return apiVersion;
  const request = {
    ...options,
    action: `detect the API version of ${http.baseUrl}`,
    path: "/api/workflow-runs?limit=1",
  };
  // Its shape is checked: a sign-in page may have status 200.
  const version = await readResponse(http, request, readRunPage)
    .then((): ApiVersion => "current").catch(fallbackTo<ApiVersion>("legacy", ...NO_ROUTE));
  const facts = { apiVersion: version, apiVersionCheckedAtMs: http.clock.now() };
  await store?.updateCapabilities(host, facts).catch(onFailure);
  return version;
}

/** @param initial From an earlier lookup; `undefined` if there was none. */
function createLookup<T>(send: (options: Abortable) => Promise<T>, initial?: T) {
  let value = initial;
  let pending: { readonly value: Promise<T>; readonly signal: AbortSignal | undefined } | undefined;
  return {
    /** `undefined` until it is known. */
    cached: () => value,
    /** Makes the request unnecessary. */
    set: (known: T) => void (value = known),
    /** Sends the request the first time only; callers that arrive in the meantime share it. */
    async get(options: Abortable): Promise<T> {
      while (value === undefined) {
        const shared = pending ??= { value: send(options), signal: options.signal };
        try {
          value = await shared.value;
        } catch (error) {
          if (pending === shared) pending = undefined;
          options.signal?.throwIfAborted();
          // Only the caller that started the shared request was aborted: start another one.
          if (error instanceof RunnerError || shared.signal?.aborted !== true) throw error;
        }
      }
      return value;
    },
  };
}

type AccountOperations = Omit<Client, "host" | "baseUrl" | "apiVersion" | keyof RunOperations>;

const NO_WORKFLOW = "no such workflow";

function accountOperations(http: Http): AccountOperations {
  const operations: AccountOperations = {
    async whoAmI(options = {}) {
      const action = "identify the key's user";
      const request = { ...options, action, path: "/api/auth/session" };
      const identity = await readResponse(http, request, readIdentity).catch(fallbackTo(null, ...NO_ROUTE));
      return identity ?? await (await legacy()).identityFromWhoami(http, action, options);
    },

    async listWorkflows({ favoritesOnly = false, ...options } = {}) {
      const path = `/api/workflows${favoritesOnly ? "?favoriteOnly=true" : ""}`;
      return await readResponse(http, { ...options, action: "list workflows", path }, readWorkflows);
    },

    async getWorkflow(name, options) {
      const action = `read workflow ${name}`;
      const path = `/api/workflows/${pathSegment(name, action)}`;
      return await readResponse(http, { ...options, action, path, whenMissing: NO_WORKFLOW }, readWorkflow);
    },

    async getWorkflowYaml(name, options) {
      const action = `read the file of workflow ${name}`;
      const path = `/api/workflows/${pathSegment(name, action)}/yaml`;
      return readRawText(await sendRequest(http, { ...options, action, path, whenMissing: NO_WORKFLOW }));
    },

    listSessions: (options) =>
      readResponse(http, { ...options, action: "list sessions", path: "/api/sessions" }, readSessions),

    listClusters: (options) =>
      readResponse(http, { ...options, action: "list clusters", path: "/api/clusters" }, readClusters),

    async workspaceStatus(options) {
      const request = { ...options, action: "get the workspace status", path: "/api/user-workspace/status" };
      return await readResponse(http, request, readWorkspaceStatus).catch(fallbackTo(null, ...NO_ROUTE));
    },

    async restartWorkspace(options = {}) {
      const action = "start the workspace";
      const { user, organization: named } = await operations.whoAmI(options);
      const organization = named ??
        await (await legacy()).organizationFromWhoami(http, action, options);
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

const RUNS = "/api/workflow-runs";
const NO_RUN = "no such run";

/** Runs on current servers, where a slug identifies a run. */
function currentRuns(http: Http): RunOperations {
  const operations: RunOperations = {
    async submit(submission, options) {
      const { readStartedRun } = await runSchema();
      const action = `submit ${submission.workflow}`;
      return await submitOnce(http, { ...options, action, path: RUNS, body: bodyOf(submission) }, readStartedRun);
    },

    async dryRun(submission, options) {
      const action = `check ${submission.workflow}`;
      const body = { ...bodyOf({ ...submission, slug: null }), dryRun: true };
      await sendRequest(http, { ...options, action, method: "POST", path: RUNS, body });
    },

    async getRun(runId, options) {
      const action = `read run ${formatRunId(runId)}`;
      const path = await pathOf(runId, action, options);
      const { readRunDetail } = await runSchema();
      return await readResponse(http, { ...options, action, path, whenMissing: NO_RUN }, readRunDetail);
    },

    async listRuns({ signal, retry, ...filters }) {
      const { readRunPage } = await runSchema();
      const path = `${RUNS}${queryText(filters)}`;
      return await readResponse(http, { signal, retry, action: "list runs", path }, readRunPage);
    },

    async cancelRun(runId, options) {
      const action = `cancel run ${formatRunId(runId)}`;
      const path = `${await pathOf(runId, action, options)}/cancel`;
      await sendRequest(http, { ...options, action, method: "POST", path, isRepeatable: true, whenMissing: NO_RUN });
    },

    async deleteRun(runId, options) {
      const action = `delete run ${formatRunId(runId)}`;
      const path = await pathOf(runId, action, options);
      await sendRequest(http, { ...options, action, method: "DELETE", path, isRepeatable: true })
        .catch(fallbackTo(null, "not_found"));
    },

    async readRunFile(runId, file, options) {
      const action = `read ${file} of run ${formatRunId(runId)}`;
      const path = `${await pathOf(runId, action, options)}/files?${new URLSearchParams({ file })}`;
      const response = await sendRequest(http, { ...options, action, path, isStreamed: true })
        .catch(fallbackTo(null, "not_found"));
      if (response === null) return null;
      const { headers, body = ReadableStream.from([]), requestId } = response;
      // The contract has a JSON string. A response of another content type is the file itself, or the page of a proxy.
      const type = headers.get("content-type") ?? "";
      if (!type.includes("json") && (!type.includes("html") || /\.html?$/i.test(file))) return body;
      const message = `Cannot ${action}: the response must be a JSON string (request ${requestId})`;
      return mapPieces(body, jsonStringPieces(() => new BadResponse(message)));
    },
  };

  async function pathOf(runId: RunId, action: string, options: Abortable): Promise<string> {
    const run = runId.type === "slug"
      ? runId
      : await (await import("./pager.ts")).findRunByNumber(operations, runId, { ...options, action });
    if (typeof run?.slug !== "string") throw new NotFound(`Cannot ${action}: ${NO_RUN}`);
    return `${RUNS}/${pathSegment(run.slug, action)}`;
  }

  return operations;
}

function bodyOf({ workflow, inputs, slug, displayName, consent }: SubmitRequest): JsonObject {
  const body: JsonObject = { workflow, inputs };
  if (slug !== null) body.slug = slug;
  if (displayName !== null) body.displayName = displayName;
  // Exactly what the user was shown: if the workflow requires more by now, the server rejects the submit.
  if (consent !== null && consent.permissions.length > 0) body.consentPermissions = [...consent.permissions];
  if (consent !== null && consent.variables.length > 0) body.consentVariables = [...consent.variables];
  return body;
}

function queryText({ workflow, statuses, search, limit, offset }: RunQuery): string {
  const query = new URLSearchParams();
  for (const [name, values] of Object.entries({ workflow, status: statuses, search, limit, offset })) {
    for (const value of [values ?? []].flat()) query.append(name, String(value));
  }
  return query.size === 0 ? "" : `?${query}`;
}
