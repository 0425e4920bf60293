/**
 * Runs through the routes of older servers: `/api/workflows/{workflow}/runs`, where a run is a number within its
 * workflow. They can submit and, some of them, show a run; no more. DELETE removes a run with its files, and is never
 * used to cancel one.
 */

import { Unsupported } from "../errors.ts";
import type { RunId } from "../run.ts";
import { ask, segment } from "./request.ts";
import type { Http } from "./http.ts";
import { runName, type RunOperations } from "./run_operations.ts";
import { submitOnce } from "./submit.ts";

const OLDER_SERVER = "this server speaks older routes, which have no way to do it";

export function nestedRuns(http: Http): RunOperations {
  return {
    async submit({ workflow, inputs }, options) {
      const act = `submit ${workflow}`;
      const path = `/api/workflows/${segment(workflow, act)}/runs`;
      const reader = async () => (await import("./run_schema.ts")).readOlderStartedRun;
      return await submitOnce(http, { act, path, body: { inputs }, reader }, options);
    },

    async getRun(runId, options) {
      const act = `read run ${runName(runId)}`;
      const path = pathOf(runId, act);
      const [answer, { readOlderRunDetail }] = await Promise.all([
        ask(http, { ...options, act, path, whenMissing: "no such run" }).catch(cannotBeSeen(act)),
        import("./run_schema.ts"),
      ]);
      return readOlderRunDetail(answer, act);
    },

    async deleteRun(runId, options) {
      const act = `delete run ${runName(runId)}`;
      await ask(http, { ...options, act, method: "DELETE", path: pathOf(runId, act), whenMissing: "no such run" });
    },

    dryRun: ({ workflow }) => refuse(`check ${workflow}`),
    listRuns: () => refuse("list runs"),
    cancelRun: (runId) =>
      refuse(`cancel run ${runName(runId)}`, "Cancel it in the web interface; deleting it would remove its files too"),
    readRunFile: () => Promise.resolve(null),
    runningSteps: () => Promise.resolve(null),
  };
}

function pathOf(runId: RunId, act: string): string {
  if (runId.type === "number") return `/api/workflows/${segment(runId.workflow, act)}/runs/${runId.number}`;
  throw new Unsupported(`Cannot ${act}: this server speaks older routes, which know a run by its number alone`, {
    hint: "Name the run as WORKFLOW#NUMBER",
  });
}

/** Servers that have no GET on a run answer 405. */
function cannotBeSeen(act: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof Unsupported)) throw error;
    throw new Unsupported(`Cannot ${act}: this server shows no single run, so its end can't be seen`, {
      hint: "Submit with --no-wait, and look at the run in the web interface",
      cause: error,
    });
  };
}

function refuse(act: string, hint?: string): Promise<never> {
  return Promise.reject(new Unsupported(`Cannot ${act}: ${OLDER_SERVER}`, { hint }));
}
