/** The platform's client, put together: one type, whichever family of routes the host speaks. */

import type { Clock } from "../clock.ts";
import { RunnerError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { ApiVersion } from "../capabilities.ts";
import type { RunId } from "../run.ts";
import { VERSION } from "../version.ts";
import { accountOperations } from "./account.ts";
import type { Abortable, Client } from "./client.ts";
import type { Credential } from "./credentials/credentials.ts";
import { flatRuns } from "./current.ts";
import { createHttp, type HttpOptions } from "./http.ts";
import { nestedRuns } from "./legacy.ts";
import { createRoutes } from "./api_version.ts";
import type { RunOperations } from "./run_operations.ts";
import { unaddressed } from "./submit.ts";

/** What a client is made of. */
export interface ClientOptions
  extends Pick<HttpOptions, "requestTimeoutMs" | "maxAnswerBytes" | "maxFileBytes" | "caCerts" | "createHttpClient"> {
  /** Whose key it is, and for which host. */
  readonly credential: Credential;
  /** The runtime's own, or one that stands in its place. */
  readonly fetch: typeof globalThis.fetch;
  /** Where deadlines and pauses come from. */
  readonly clock: Clock;
  /** In [0, 1), like `Math.random`. */
  readonly random: () => number;
  /** Told of each request, never of a header. */
  readonly log: Log;
  /** What is known of the host already: then it is not asked. */
  readonly routes?: ApiVersion | undefined;
  /** How it introduces itself; a name of this program unless said otherwise. */
  readonly userAgent?: string | undefined;
}

/** Sends nothing yet. */
export function createClient(options: ClientOptions): Client {
  const { credential } = options;
  const http = createHttp({ ...options, userAgent: options.userAgent ?? defaultUserAgent() });
  const routes = createRoutes(http, options.routes);
  const flat = flatRuns(http);
  const nested = nestedRuns(http);

  const runs = async (abortable: Abortable): Promise<RunOperations> =>
    await routes.family(abortable) === "current" ? flat : nested;
  /** A slug is a word of the current routes: no need to ask. */
  const runsOf = async (runId: RunId, abortable: Abortable): Promise<RunOperations> =>
    runId.type === "slug" && routes.known() === undefined ? flat : await runs(abortable);

  return {
    host: credential.host,
    baseUrl: credential.baseUrl,
    apiVersion: (abortable) => routes.family(abortable),
    ...accountOperations(http),

    async submit(submission, abortable) {
      try {
        return await (await runs(abortable)).submit(submission, abortable);
      } catch (error) {
        if (error instanceof RunnerError) return unaddressed(error);
        throw error;
      }
    },
    dryRun: async (submission, abortable) => await (await runs(abortable)).dryRun(submission, abortable),
    listRuns: async (query) => await (await runs(query)).listRuns(query),
    getRun: async (runId, abortable) => await (await runsOf(runId, abortable)).getRun(runId, abortable),
    cancelRun: async (runId, abortable) => await (await runsOf(runId, abortable)).cancelRun(runId, abortable),
    deleteRun: async (runId, abortable) => await (await runsOf(runId, abortable)).deleteRun(runId, abortable),
    readRunFile: async (runId, path, abortable) =>
      await (await runsOf(runId, abortable)).readRunFile(runId, path, abortable),
    runningSteps: async (runId, abortable) => await (await runsOf(runId, abortable)).runningSteps(runId, abortable),
  };
}

/** What requests call the program. */
export function defaultUserAgent(): string {
  return `pw-workflow-runner/${VERSION} (deno/${Deno.version.deno}; ${Deno.build.os})`;
}
