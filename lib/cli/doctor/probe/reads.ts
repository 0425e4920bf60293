/** What read requests alone show about a server. */

import { NotFound } from "../../../errors.ts";
import { newCorrelationTag } from "../../../runs/slug.ts";
import { jsonMember, jsonText, type ProbeResponse, type Requester, RUNS_PATH, runsOf } from "./exchange.ts";
import type { ProbeDeps, ProbeOptions } from "./options.ts";
import type { ProbeResult, ReadResult, RunProbeResult } from "./result.ts";

/** @throws NotFound when there is no such workflow. */
export async function probeReads(
  { clock, random, report }: ProbeDeps,
  requester: Requester,
  options: ProbeOptions,
): Promise<ReadResult & { readonly hasCurrentApi: boolean }> {
  const health = await requester.get("/healthzz");
  const serverMs = Date.parse(health.headers.get("date") ?? "");
  const clockSkewMs = Number.isFinite(serverMs) ? Math.round((serverMs - clock.now()) / 1_000) * 1_000 : null;
  report("clock", clockSkewMs === null ? "not reported" : `${clockSkewMs / 1_000} s ahead`);

  const workflow = await requester.get(`/api/workflows/${encodeURIComponent(options.workflow)}`);
  if (workflow.status !== 200) {
    throw new NotFound(`Cannot probe the server with ${options.workflow}: it responded ${workflow.status}`, {
      hint: "Use a short workflow of your account that has no side effects: --workflow NAME",
    });
  }
  const hasCurrentApi = (await requester.get(`${RUNS_PATH}?limit=1`)).status === 200;
  report("API version", hasCurrentApi ? "current" : "legacy");

  const missing = `no-such-${newCorrelationTag(clock.now(), random)}`;
  const unknownRun = await requester.get(
    hasCurrentApi ? `${RUNS_PATH}/${missing}` : `/api/workflows/${missing}/runs/1`,
  );
  const unknownWorkflow = await requester.get(`/api/workflows/${missing}`);
  const malformedSubmit = await requester.post(
    hasCurrentApi ? RUNS_PATH : `/api/workflows/${encodeURIComponent(options.workflow)}/runs`,
    hasCurrentApi ? { workflow: missing, inputs: "not an object" } : { inputs: "not an object" },
  );
  const errors = {
    unknownRun: unknownRun.status,
    unknownWorkflow: unknownWorkflow.status,
    malformedSubmit: malformedSubmit.status,
  };
  report("errors", Object.entries(errors).map(([name, status]) => `${name} ${status}`).join(", "));
  const workspace = jsonText((await requester.get("/api/user-workspace/status")).body, "status");
  report("workspace", workspace ?? "not reported");
  return { clockSkewMs, hasCurrentApi, errors, errorBody: errorBodyOf(unknownWorkflow), workspace };
}

function errorBodyOf({ isProblem, body }: ProbeResponse): ProbeResult["errorBody"] {
  if (isProblem) return "problem";
  return jsonMember(body, "error") === true ? "envelope" : "other";
}

/** Above what a server is expected to return at once. */
export const LIST_LIMIT = 1_000;

export async function probeList(requester: Requester): Promise<Pick<RunProbeResult, "listOrder" | "maxLimit">> {
  const reply = await requester.get(`${RUNS_PATH}?limit=${LIST_LIMIT}`);
  const runs = runsOf(reply);
  const total = jsonMember(reply.body, "total");
  const times = runs.map((run) => Date.parse(jsonText(run, "createdAt") ?? ""));
  const [first = NaN, last = NaN] = [times[0], times.at(-1)];
  return {
    listOrder: first > last ? "newest" : first < last ? "oldest" : null,
    maxLimit: typeof total === "number" && runs.length < total ? runs.length : null,
  };
}
