/** Runs on current servers: `/api/workflow-runs`, where a slug identifies a run. */

import { BadResponse, fallbackTo, NotFound } from "../errors.ts";
import type { JsonObject } from "../json.ts";
import { formatRunId, type RunId } from "../run.ts";
import { mapPieces } from "../pieces.ts";
import { jsonStringPieces } from "./body.ts";
import { pathSegment, readResponse, sendRequest, submitOnce } from "./request.ts";
import type { Abortable, RunOperations, RunQuery, SubmitRequest } from "./client.ts";
import type { Http } from "./http.ts";
import { findRunsByNumber } from "./pager.ts";

const RUNS = "/api/workflow-runs";
const NO_RUN = "no such run";

export function currentRuns(http: Http): RunOperations {
  const operations: RunOperations = {
    async submit(submission, options) {
      const reader = async () => (await import("./run_schema.ts")).readStartedRun;
      const action = `submit ${submission.workflow}`;
      return await submitOnce(http, { ...options, action, path: RUNS, body: bodyOf(submission) }, reader);
    },

    async dryRun(submission, options) {
      const action = `check ${submission.workflow}`;
      const body = { ...bodyOf({ ...submission, slug: null }), dryRun: true };
      await sendRequest(http, { ...options, action, method: "POST", path: RUNS, body });
    },

    async getRun(runId, options) {
      const action = `read run ${formatRunId(runId)}`;
      const path = await pathOf(runId, action, options);
      const reader = async () => (await import("./run_schema.ts")).readRunDetail;
      return await readResponse(http, { ...options, action, path, whenMissing: NO_RUN }, reader);
    },

    async listRuns({ signal, retry, ...filters }) {
      const reader = async () => (await import("./run_schema.ts")).readRunPage;
      const path = `${RUNS}${queryText(filters)}`;
      return await readResponse(http, { signal, retry, action: "list runs", path }, reader);
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
      // The contract has a JSON string; a response of another content type is the file itself.
      if (!(headers.get("content-type") ?? "").includes("json")) return body;
      const message = `Cannot ${action}: the response must be a JSON string (request ${requestId})`;
      return mapPieces(body, jsonStringPieces(() => new BadResponse(message)));
    },
  };

  async function pathOf(runId: RunId, action: string, options: Abortable): Promise<string> {
    const [run] = runId.type === "slug" ? [runId] : await findRunsByNumber(operations, runId, { ...options, action });
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
