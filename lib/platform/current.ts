/** Runs through the current routes: `/api/workflow-runs`, where a run is its slug. */

import { BadResponse, NotFound } from "../errors.ts";
import type { JsonObject } from "../json.ts";
import type { RunId } from "../run.ts";
import { ask, askOr, segment } from "./request.ts";
import type { Abortable, RunQuery, SubmitRequest } from "./client.ts";
import type { Answer, Http } from "./http.ts";
import { runName, type RunOperations } from "./run_operations.ts";
import { submitOnce } from "./submit.ts";

const RUNS = "/api/workflow-runs";
const NO_RUN = "no such run";

/** When a run is looked for by its number. */
const PAGE_SIZE = 100;
const MAX_PAGES = 100;

export function flatRuns(http: Http): RunOperations {
  const operations: RunOperations = {
    async submit(submission, options) {
      const reader = async () => (await import("./run_schema.ts")).readStartedRun;
      return await submitOnce(http, { ...callFor(submission), path: RUNS, reader }, options);
    },

    async dryRun(submission, options) {
      const { body } = callFor({ ...submission, slug: null });
      const act = `check ${submission.workflow}`;
      await ask(http, { ...options, act, method: "POST", path: RUNS, body: { ...body, dryRun: true } });
    },

    async getRun(runId, options) {
      const act = `read run ${runName(runId)}`;
      const path = await pathOf(runId, act, options);
      const [answer, { readRunDetail }] = await Promise.all([
        ask(http, { ...options, act, path, whenMissing: NO_RUN }),
        import("./run_schema.ts"),
      ]);
      return readRunDetail(answer, act);
    },

    async listRuns(query) {
      const act = "list runs";
      const [answer, { readRunPage }] = await Promise.all([
        ask(http, { signal: query.signal, retry: query.retry, act, path: `${RUNS}${queryText(query)}` }),
        import("./run_schema.ts"),
      ]);
      return readRunPage(answer, act);
    },

    async cancelRun(runId, options) {
      const act = `cancel run ${runName(runId)}`;
      const path = `${await pathOf(runId, act, options)}/cancel`;
      await ask(http, { ...options, act, method: "POST", path, isRepeatable: true, whenMissing: NO_RUN });
    },

    async deleteRun(runId, options) {
      const act = `delete run ${runName(runId)}`;
      const path = await pathOf(runId, act, options);
      await ask(http, { ...options, act, method: "DELETE", path, whenMissing: NO_RUN });
    },

    async readRunFile(runId, file, options) {
      const act = `read ${file} of run ${runName(runId)}`;
      const path = `${await pathOf(runId, act, options)}/files?${new URLSearchParams({ file })}`;
      return await askOr(
        null,
        ["not_found"],
        async () => fileText(await ask(http, { ...options, act, path, answer: "file" }), act),
      );
    },

    async runningSteps(runId, options) {
      const act = `ask where run ${runName(runId)} stands`;
      const path = `${await pathOf(runId, act, options)}/running-steps`;
      return await askOr(null, ["not_found", "unsupported"], async () => {
        const [answer, { readRunningSteps }] = await Promise.all([
          ask(http, { ...options, act, path }),
          import("./run_schema.ts"),
        ]);
        return readRunningSteps(answer, act);
      });
    },
  };

  async function pathOf(runId: RunId, act: string, options: Abortable): Promise<string> {
    const slug = runId.type === "slug" ? runId.slug : await slugOfNumber(runId, act, options);
    return `${RUNS}/${segment(slug, act)}`;
  }

  /** No current route takes a number: it is looked for among the workflow's runs. */
  async function slugOfNumber(
    { workflow, number }: Extract<RunId, { type: "number" }>,
    act: string,
    options: Abortable,
  ): Promise<string> {
    let offset = 0;
    for (let page = 0; page < MAX_PAGES; page++) {
      const { runs } = await operations.listRuns({ ...options, workflow, limit: PAGE_SIZE, offset });
      // A server may answer with fewer than were asked for.
      offset += runs.length;
      const slug = runs.find((run) => run.number === number)?.slug ?? null;
      if (slug !== null) return slug;
      if (runs.length === 0) throw new NotFound(`Cannot ${act}: ${NO_RUN}`);
    }
    throw new BadResponse(`Cannot ${act}: the list of runs has no end`);
  }

  return operations;
}

function callFor(submission: SubmitRequest): { readonly act: string; readonly body: JsonObject } {
  const { workflow, inputs, slug, displayName, consent } = submission;
  const body: JsonObject = { workflow, inputs };
  if (slug !== null) body.slug = slug;
  if (displayName !== null) body.displayName = displayName;
  // Exactly what the user was shown: a workflow that asks for more by now is refused, not waved through.
  if (consent !== null && consent.permissions.length > 0) body.consentPermissions = [...consent.permissions];
  if (consent !== null && consent.variables.length > 0) body.consentVariables = [...consent.variables];
  return { act: `submit ${workflow}`, body };
}

function queryText({ workflow, statuses = [], search, limit, offset }: RunQuery): string {
  const query = new URLSearchParams();
  if (workflow !== undefined) query.set("workflow", workflow);
  for (const status of statuses) query.append("status", status);
  if (search !== undefined) query.set("search", search);
  if (limit !== undefined) query.set("limit", String(limit));
  if (offset !== undefined) query.set("offset", String(offset));
  return query.size === 0 ? "" : `?${query}`;
}

/** The contract says a JSON string; what is not said to be JSON is the file itself. */
function fileText(answer: Answer, act: string): string {
  if (!(answer.headers.get("content-type") ?? "").includes("json")) return answer.text;
  let value: unknown;
  try {
    value = JSON.parse(answer.text);
  } catch {
    // As any other that can't be read.
  }
  if (typeof value === "string") return value;
  throw new BadResponse(`Cannot ${act}: the answer must be a JSON string (request ${answer.requestId})`);
}
