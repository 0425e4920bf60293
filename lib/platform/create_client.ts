import { RunnerError } from "../errors.ts";
import type { ApiVersion } from "../capabilities.ts";
import type { RunId } from "../run.ts";
import { VERSION } from "../version.ts";
import { accountOperations } from "./account.ts";
import { type ApiVersionCache, detectApiVersion } from "./api_version.ts";
import { createLookup } from "./lookup.ts";
import type { Abortable, Client } from "./client.ts";
import type { Credential } from "./credentials/credentials.ts";
import { currentRuns } from "./current.ts";
import { createHttp, type HttpOptions } from "./http.ts";
import { legacyRuns } from "./legacy.ts";
import type { RunOperations } from "./run_operations.ts";
import { withFallbackOnNotFound } from "./request.ts";
import { submitNotSent } from "./submit.ts";

/** Dependencies and settings of a client. */
export interface ClientOptions extends Omit<HttpOptions, "credential" | "userAgent"> {
  /** Determines the host, too. */
  readonly credential: Credential;
  /** Skips the detection of the host's API version; default: detect it. */
  readonly apiVersion?: ApiVersion | undefined;
  /** Keeps what was detected for later processes. */
  readonly apiVersionCache?: ApiVersionCache | undefined;
  /** The `User-Agent` header; default: this program's name and version. */
  readonly userAgent?: string | undefined;
}

/** It may have been upgraded, or a proxy may have responded in its place: a service runs for months. */
const MAX_LEGACY_AGE_MS = 60_000;

/** Creates a client without sending a request. */
export function createClient(options: ClientOptions): Client {
  const { credential } = options;
  const http = createHttp({ ...options, userAgent: options.userAgent ?? defaultUserAgent() });
  const account = accountOperations(http);
  // A key keeps its user.
  const identity = createLookup((abortable) => account.whoAmI(abortable));
  let detectedAtMs = Infinity;
  const detect = async (abortable: Abortable) => {
    const version = await detectApiVersion(http, abortable, options.apiVersionCache);
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
  const legacy = legacyRuns(http);

  const runs = async (abortable: Abortable): Promise<RunOperations> =>
    await apiVersion().get(abortable) === "current" ? current : legacy;
  /** Only current servers have slugs: with a slug, the API version need not be detected. */
  const runsOf = async (runId: RunId, abortable: Abortable): Promise<RunOperations> =>
    runId.type === "slug" && apiVersion().cached() === undefined ? current : await runs(abortable);

  return {
    host: credential.host,
    baseUrl: credential.baseUrl,
    apiVersion: (abortable = {}) => apiVersion().get(abortable),
    ...account,
    whoAmI: (abortable = {}) => identity.get(abortable),

    async submit(submission, abortable = {}) {
      try {
        return await (await runs(abortable)).submit(submission, abortable);
      } catch (error) {
        if (error instanceof RunnerError) return submitNotSent(error);
        throw error;
      }
    },
    dryRun: async (submission, abortable = {}) => await (await runs(abortable)).dryRun(submission, abortable),
    async listRuns(query = {}) {
      if (apiVersion().cached() === undefined) {
        // Detects the version as well.
        const page = await withFallbackOnNotFound(null, ["not_found", "unsupported"], () => current.listRuns(query));
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
