/**
 * Runs on legacy servers: `/api/workflows/{workflow}/runs`, where a number identifies a run within its workflow. They
 * support submitting and deleting; some support reading a run. DELETE removes the run's files, so it is never used to
 * cancel. And what a session of older servers leaves out.
 */

import type { Identity } from "../account.ts";
import { BadResponse, fallbackTo, Unsupported } from "../errors.ts";
import { formatRunId, type RunId } from "../run.ts";
import { NO_ROUTE, pathSegment, readRawText, readResponse, sendRequest, submitOnce } from "./request.ts";
import type { Abortable, RunOperations } from "./client.ts";
import type { Http } from "./http.ts";
import { readLegacyRunDetail, readLegacyStartedRun } from "./run_schema.ts";

export function legacyRuns(http: Http): RunOperations {
  return {
    async submit({ workflow, inputs }, options) {
      const action = `submit ${workflow}`;
      const path = `/api/workflows/${pathSegment(workflow, action)}/runs`;
      return await submitOnce(http, { ...options, action, path, body: { inputs } }, readLegacyStartedRun);
    },

    async getRun(runId, options) {
      const action = `read run ${formatRunId(runId)}`;
      const request = { ...options, action, path: pathOf(runId, action), whenMissing: "no such run" };
      return await readResponse(http, request, readLegacyRunDetail).catch((error: unknown) => {
        // Servers that cannot show a run respond to its GET with 405.
        if (!(error instanceof Unsupported)) throw error;
        throw new Unsupported(`Cannot ${action}: this server cannot show a single run, so the run cannot be tracked`, {
          hint: "Submit with isWaiting: false, and check the run in the web interface",
          commandHint: "Submit with --no-wait, and check the run in the web interface",
          cause: error,
        });
      });
    },

    dryRun: ({ workflow }) => refuse(`check ${workflow}`),
    listRuns: () => refuse("list runs"),
    cancelRun: (runId) =>
      refuse(
        `cancel run ${formatRunId(runId)}`,
        "Cancel it in the web interface; deleting it would remove its files too",
      ),
    deleteRun: (runId) => refuse(`delete run ${formatRunId(runId)}`),
    readRunFile: () => Promise.resolve(null),
  };
}

function pathOf(runId: RunId, action: string): string {
  if (runId.type === "number") return `/api/workflows/${pathSegment(runId.workflow, action)}/runs/${runId.number}`;
  throw new Unsupported(`Cannot ${action}: this server has the legacy API, which identifies runs by number only`, {
    hint: "Specify the run as WORKFLOW#NUMBER",
  });
}

function refuse(action: string, hint?: string): Promise<never> {
  const message = `Cannot ${action}: this server has the legacy API, which does not support it`;
  return Promise.reject(new Unsupported(message, { hint }));
}

/** For servers whose session does not name it: a JSON string, or the name itself. */
export async function organizationFromWhoami(http: Http, action: string, options: Abortable): Promise<string | null> {
  const response = await sendRequest(http, { ...options, action, path: "/api/auth/whoami/organization" })
    .catch(fallbackTo(null, ...NO_ROUTE));
  return response?.text.trim().replace(/^"(.*)"$/, "$1") || null;
}

/** Servers without a session route respond with `user:NAME` here. */
export async function identityFromWhoami(http: Http, action: string, options: Abortable): Promise<Identity> {
  const response = await sendRequest(http, { ...options, action, path: "/api/auth/whoami" });
  const [, user] = /^user:(\S+)$/.exec(readRawText(response).trim()) ?? [];
  if (user === undefined) {
    throw new BadResponse(`Cannot ${action}: the response must be user:NAME (request ${response.requestId})`);
  }
  return { user, fullName: null, email: null, organization: null };
}
