import type { Identity } from "../account.ts";
import type { ApiVersion, CapabilitiesStore } from "../capabilities.ts";
import { BadResponse, expected, fallbackTo, RunnerError, Unsupported } from "../errors.ts";
import { storeFailureTo } from "../log.ts";
import type { RunId } from "../run.ts";
import { VERSION } from "../version.ts";
import type { Abortable, Client, RunOperations } from "./client.ts";
import type { Credential } from "./credentials/credentials.ts";
import { currentRuns } from "./current.ts";
import { createHttp, type Http, type HttpOptions } from "./http.ts";
import { legacyRuns } from "./legacy.ts";
import {
  NO_ROUTE,
  pathSegment,
  type Reader,
  readRawText,
  readResponse,
  type RequestOptions,
  sendRequest,
  submitNotSent,
} from "./request.ts";

/** Dependencies and settings of a client. */
export interface ClientOptions extends Omit<HttpOptions, "credential" | "userAgent"> {
  /** Determines the host, too. */
  readonly credential: Credential;
  /** Skips the detection of the host's API version; default: detect it. */
  readonly apiVersion?: ApiVersion | undefined;
  /** Keeps what was detected for later processes: a run store, for example. */
  readonly store?: CapabilitiesStore | undefined;
  /** The `User-Agent` header; default: this program's name and version. */
  readonly userAgent?: string | undefined;
}

/** It may have been upgraded, or a proxy may have responded in its place: a service runs for months. */
const MAX_LEGACY_AGE_MS = 60_000;
/** In a store: a server may be replaced by another one. */
const MAX_CURRENT_AGE_MS = 24 * 60 * 60_000;

/** Creates a client without sending a request. */
export function createClient(options: ClientOptions): Client {
  const { credential } = options;
  const http = createHttp({ ...options, userAgent: options.userAgent ?? defaultUserAgent() });
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

  const runs = async (abortable: Abortable): Promise<RunOperations> =>
    await apiVersion().get(abortable) === "current" ? current : legacyRuns(http);
  /** Only current servers have slugs: with a slug, the API version need not be detected. */
  const runsOf = async (runId: RunId, abortable: Abortable): Promise<RunOperations> =>
    runId?.type === "slug" && apiVersion().cached() === undefined ? current : await runs(abortable);

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
    getRun: async (runId, abortable = {}) => await (await runsOf(runId, abortable)).getRun(runId, abortable),
    deleteRun: async (runId, abortable = {}) => await (await runsOf(runId, abortable)).deleteRun(runId, abortable),
    cancelRun: async (runId, abortable = {}) => await (await runsOf(runId, abortable)).cancelRun(runId, abortable),
    readRunFile: async (runId, path, abortable = {}) =>
      await (await runsOf(runId, abortable)).readRunFile(runId, path, abortable),
  };
}

export function defaultUserAgent(): string {
  return `pw-workflow-runner/${VERSION} (deno/${Deno.version.deno}; ${Deno.build.os})`;
}

/** A read decides: a 404 to a submit would be ambiguous, because it may refer to the workflow. */
export async function detectApiVersion(http: Http, options: Abortable, store?: CapabilitiesStore): Promise<ApiVersion> {
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
  const version = await readResponse(http, request, async () => (await import("./run_schema.ts")).readRunPage)
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
  const read = <T>(
    request: RequestOptions,
    readerIn: (readers: typeof import("./schema.ts")) => Reader<T>,
  ): Promise<T> => readResponse(http, request, async () => readerIn(await import("./schema.ts")));
  const operations: AccountOperations = {
    async whoAmI(options = {}) {
      const action = "identify the key's user";
      const request = { ...options, action, path: "/api/auth/session" };
      const identity = await read(request, ({ readIdentity }) => readIdentity).catch(fallbackTo(null, ...NO_ROUTE));
      return identity ?? await identityFromWhoami(http, action, options);
    },

    async listWorkflows({ favoritesOnly = false, ...options } = {}) {
      const path = `/api/workflows${favoritesOnly ? "?favoriteOnly=true" : ""}`;
      return await read({ ...options, action: "list workflows", path }, ({ readWorkflows }) => readWorkflows);
    },

    async getWorkflow(name, options) {
      const action = `read workflow ${name}`;
      const path = `/api/workflows/${pathSegment(name, action)}`;
      return await read({ ...options, action, path, whenMissing: NO_WORKFLOW }, ({ readWorkflow }) => readWorkflow);
    },

    async getWorkflowYaml(name, options) {
      const action = `read the file of workflow ${name}`;
      const path = `/api/workflows/${pathSegment(name, action)}/yaml`;
      return readRawText(await sendRequest(http, { ...options, action, path, whenMissing: NO_WORKFLOW }));
    },

    listSessions: (options) =>
      read({ ...options, action: "list sessions", path: "/api/sessions" }, ({ readSessions }) => readSessions),

    listClusters: (options) =>
      read({ ...options, action: "list clusters", path: "/api/clusters" }, ({ readClusters }) => readClusters),

    async workspaceStatus(options) {
      const request = { ...options, action: "get the workspace status", path: "/api/user-workspace/status" };
      return await read(request, (readers) => readers.readWorkspaceStatus).catch(fallbackTo(null, ...NO_ROUTE));
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
  const response = await sendRequest(http, { ...options, action, path: "/api/auth/whoami/organization" })
    .catch(fallbackTo(null, ...NO_ROUTE));
  return response?.text.trim().replace(/^"(.*)"$/, "$1") || null;
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
