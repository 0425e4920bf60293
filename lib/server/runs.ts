/** Runs over HTTP: start one, look at one, list them, cancel one. */

import { InvalidInputs, NotFound, RunnerError } from "../errors.ts";
import { advance } from "../runs/advance.ts";
import { cancelRun as askToCancel } from "../runs/cancel.ts";
import { execute } from "../runs/execute.ts";
import { DEFAULT_EXECUTE } from "../runs/options.ts";
import { prepare } from "../runs/prepare.ts";
import { viewOf } from "../runs/view.ts";
import { givenLayer } from "../inputs/layers.ts";
import { isOpen, slugOf } from "../store/run_store.ts";
import type { RunEvent } from "../events.ts";
import type { JsonObject } from "../json.ts";
import type { Problem } from "../problem.ts";
import type { RunResult } from "../result.ts";
import type { RunId } from "../run.ts";
import type { RunRequest, Submission } from "../submission.ts";
import { readBody } from "./body.ts";
import { readPage } from "./cursor.ts";
import { type Call, MAX_NAME_LENGTH } from "./call.ts";
import { json, problem, problemOf } from "./problem.ts";
import { idempotencyKey, unknownParameter, waitIn, wholeNumber } from "./query.ts";
import { advanceOptions } from "../scheduler/advance_options.ts";

/** For what comes before and after the wait. */
const MARGIN_MS = 15_000;
const PAGE_SIZE = 20;
const MAX_PAGE_SIZE = 200;

/** `POST /runs`: 200 with the result when it ended in time, else 202 and where to look. */
export async function startRun(call: Call): Promise<Response> {
  const { service, request, url, underWay } = call;
  const unknown = unknownParameter(url, ["wait"]);
  if (unknown !== undefined) return unknown;
  const waitMs = waitIn(url);
  if (waitMs instanceof Response) return waitMs;
  const key = idempotencyKey(request.headers);
  if (key instanceof Response) return key;
  const body = await readBody(request, service.deps.clock);
  if (body instanceof Response) return body;
  const spec = readRunSpec(body);
  if (key === undefined) return await submitAndWait(call, spec, { waitMs, key: undefined });
  // Within this isolate the same request is answered once, and by that for all who ask; between isolates the ledger sees
  // to it.
  const name = `${key}\n${waitMs}\n${JSON.stringify(body)}`;
  const going = underWay.get(name) ?? submitAndWait(call, spec, { waitMs, key: `http:${key}` })
    .catch((error: unknown) => {
      if (error instanceof RunnerError) return problemOf(error);
      throw error;
    })
    .finally(() => underWay.delete(name));
  underWay.set(name, going);
  return (await going).clone();
}

interface HttpRunSpec {
  readonly workflow: string;
  readonly inputs: JsonObject;
  readonly preset: string | null;
  readonly displayName: string | null;
  readonly isTrusted: boolean;
  readonly checking: "lenient" | "strict";
}

async function submitAndWait(
  { service: { deps }, closing }: Call,
  { inputs, ...spec }: HttpRunSpec,
  { waitMs, key }: { readonly waitMs: number; readonly key: string | undefined },
): Promise<Response> {
  using deadline = deps.clock.timeout(waitMs + MARGIN_MS);
  const signal = AbortSignal.any([deadline.signal, closing]);
  const { request } = await prepare(deps, { ...spec, layers: [givenLayer("inputs", inputs)] }, { signal });
  let latest: RunEvent | undefined;
  try {
    const events = execute(deps, request, {
      ...DEFAULT_EXECUTE,
      origin: { type: "http" },
      signal,
      isWaiting: waitMs > 0,
      timeoutMs: waitMs,
      ...(key === undefined ? {} : { idempotencyKey: { text: key, policy: "attach" } }),
    });
    while (true) {
      const { done, value } = await events.next();
      if (done) return answerResult(value, latest, request);
      if (value.type !== "status") latest = value;
    }
  } catch (error) {
    if (!signal.aborted || latest === undefined) throw error;
    // It is written down: whoever asks later will be told.
    return accepted(latest.submissionId, { workflow: request.workflow, status: "unknown", slug: null });
  }
}

function answerResult(result: RunResult, latest: RunEvent | undefined, { workflow }: RunRequest): Response {
  const isEnded = ["completed", "failed", "cancelled", "session_ready", "run_deleted"].includes(result.kind);
  const id = result.slug ?? latest?.submissionId ?? "";
  return isEnded ? json({ id, ...result }) : accepted(id, { workflow, ...result });
}

function accepted(id: string, members: object): Response {
  const location = `/runs/${encodeURIComponent(id)}`;
  return json({ id, location, ...members }, { status: 202, headers: { location, "retry-after": "5" } });
}

/** `GET /runs/:id`, by slug or by the id that was answered with; looks once. Only runs that were started here. */
export async function showRun({ service, name }: Call): Promise<Response> {
  const { deps } = service;
  using deadline = deps.clock.timeout(MARGIN_MS);
  const record = await findOurs(service, name);
  const looked = await lookOnce(service, record, deadline.signal);
  return json(recordView(looked));
}

/** Keys of this server are for what it started: the account's other runs are nobody's business here. */
async function findOurs({ deps }: Call["service"], name: string): Promise<Submission> {
  const record = await deps.store.get(name) ?? await deps.store.findRun(null, name);
  if (record !== undefined && record.origin.type !== "command-line") return record;
  throw new NotFound(`Cannot find the run ${name}: none of that name was started here`, {
    hint: "GET /runs lists those that were",
  });
}

async function lookOnce({ deps }: Call["service"], record: Submission, signal: AbortSignal): Promise<Submission> {
  // What is not sent yet is left to the ticks: a key that only reads must not start anything.
  if (!isOpen(record) || record.state === "pending" || record.nextPollAtMs > deps.clock.now()) return record;
  try {
    const [turn] = await advance(deps, [record], advanceOptions(signal, "no"));
    return turn?.submission ?? record;
  } catch (error) {
    if (!signal.aborted) throw error;
    return record;
  }
}

/** `GET /runs`, newest first; `next` leads to the page after. */
export async function listRuns({ service, url }: Call): Promise<Response> {
  const unknown = unknownParameter(url, ["limit", "cursor", "workflow"]);
  if (unknown !== undefined) return unknown;
  const { searchParams } = url;
  const limit = wholeNumber(searchParams.get("limit") ?? String(PAGE_SIZE), 1, MAX_PAGE_SIZE);
  if (limit === undefined) return problem(400, `limit must be a whole number from 1 to ${MAX_PAGE_SIZE}`);
  const workflow = searchParams.get("workflow") ?? undefined;
  if (workflow !== undefined && workflow.length > MAX_NAME_LENGTH) {
    return problem(404, "No workflow has so long a name");
  }
  const page = await readPage(service.deps.store, { limit, cursor: searchParams.get("cursor"), workflow });
  if (page === undefined) return problem(400, "cursor must be one that was answered with");
  const next = new URLSearchParams(searchParams);
  next.set("cursor", page.next ?? "");
  return json({ runs: page.records.map(recordView), next: page.next === null ? null : `/runs?${next}` });
}

/** `POST /runs/:id/cancel`: safe to repeat. */
export async function cancelRun({ service, name }: Call): Promise<Response> {
  const { deps } = service;
  using deadline = deps.clock.timeout(MARGIN_MS);
  const record = await findOurs(service, name);
  if (record.state === "rejected") return json(recordView(record));
  const runId = runIdOf(record);
  if (runId === undefined) return problem(503, `Cannot cancel ${name}: it is not known yet whether it became a run`);
  const run = await askToCancel(deps, runId, deadline);
  return json({ id: name, ...viewOf(run) }, { status: run.status === "running" ? 202 : 200 });
}

function runIdOf(record: Submission): RunId | undefined {
  if (record.state === "active" || record.state === "finished") return record.runId;
  return undefined;
}

function recordView(record: Submission) {
  const { submissionId, request, createdAtMs } = record;
  return {
    id: submissionId,
    workflowName: request.workflow,
    slug: slugOf(record),
    state: record.state,
    status: statusOf(record),
    submittedAt: new Date(createdAtMs).toISOString(),
    ...(record.state === "active" ? viewOf(record.run) : {}),
    ...(record.state === "finished" ? record.result : {}),
    ...(record.state === "rejected" ? { errorMessage: record.message, kind: record.kind } : {}),
  };
}

function statusOf(record: Submission): string {
  switch (record.state) {
    case "active":
      return record.run.status;
    case "finished":
      return record.result.status;
    case "rejected":
      return "refused";
    case "pending":
    case "unconfirmed":
      return "pending";
  }
}

const FIELDS = ["workflow", "inputs", "preset", "name", "trust", "strict"];

/** @throws InvalidInputs with every problem. */
function readRunSpec(body: JsonObject): HttpRunSpec {
  const { workflow, inputs = {}, preset = null, name = null, trust = false, strict = false } = body;
  const problems: Problem[] = [];
  const check = (path: string, isGood: boolean, message: string) => {
    if (!isGood) problems.push({ origin: "", path, message });
  };
  for (const field of Object.keys(body)) check(field, FIELDS.includes(field), "is not known");
  check("workflow", typeof workflow === "string" && workflow !== "", "must be the name of a workflow");
  const isObject = typeof inputs === "object" && inputs !== null && !Array.isArray(inputs);
  check("inputs", isObject, "must be an object");
  check("preset", preset === null || typeof preset === "string", "must be text");
  check("name", name === null || typeof name === "string", "must be text");
  check("trust", typeof trust === "boolean", "must be true or false");
  check("strict", typeof strict === "boolean", "must be true or false");
  if (problems.length > 0) throw new InvalidInputs("Cannot start a run: the request can't be read", problems);
  return {
    workflow: String(workflow),
    inputs: isObject ? inputs : {},
    preset: typeof preset === "string" ? preset : null,
    displayName: typeof name === "string" ? name : null,
    isTrusted: trust === true,
    checking: strict === true ? "strict" : "lenient",
  };
}
