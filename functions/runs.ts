/** Runs over HTTP: start one, look at one, list them, cancel one. */

import { InvalidInputs, NotFound, RunnerError } from "../lib/errors.ts";
import { advance } from "../lib/executor/advance.ts";
import { cancelRun as askToCancel } from "../lib/executor/cancel.ts";
import { DEFAULT_EXECUTE, execute } from "../lib/executor/execute.ts";
import { prepare } from "../lib/executor/prepare.ts";
import { viewOf } from "../lib/executor/view.ts";
import { givenLayer } from "../lib/inputs/layers.ts";
import { isOpen, slugOf } from "../lib/ledger/ledger.ts";
import type { JsonObject, Problem, RunEvent, RunHandle, RunRecord, RunRequest, RunResult } from "../lib/model.ts";
import { readBody } from "./body.ts";
import { readPage } from "./cursor.ts";
import { type Call, LONGEST_NAME } from "./http.ts";
import { json, problem, problemOf } from "./problem.ts";
import { idempotencyKey, unknownParameter, waitIn, wholeNumber } from "./query.ts";
import { turnOptions } from "./turn_options.ts";

/** For what comes before and after the wait. */
const MARGIN_MS = 15_000;
const PAGE_SIZE = 20;
const MOST_A_PAGE = 200;

/** `POST /runs`: 200 with the result when it ended in time, else 202 and where to look. */
export async function startRun(call: Call): Promise<Response> {
  const { cloud, request, url, underWay } = call;
  const unknown = unknownParameter(url, ["wait"]);
  if (unknown !== undefined) return unknown;
  const waitMs = waitIn(url);
  if (waitMs instanceof Response) return waitMs;
  const key = idempotencyKey(request.headers);
  if (key instanceof Response) return key;
  const body = await readBody(request, cloud.deps.clock);
  if (body instanceof Response) return body;
  const wish = readWish(body);
  if (key === undefined) return await submitAndWait(call, wish, { waitMs, key: undefined });
  // Within this isolate the same request is answered once, and by that for all who ask; between isolates the ledger sees
  // to it.
  const name = `${key}\n${waitMs}\n${JSON.stringify(body)}`;
  const going = underWay.get(name) ?? submitAndWait(call, wish, { waitMs, key: `http:${key}` })
    .catch((error: unknown) => {
      if (error instanceof RunnerError) return problemOf(error);
      throw error;
    })
    .finally(() => underWay.delete(name));
  underWay.set(name, going);
  return (await going).clone();
}

interface HttpWish {
  readonly workflow: string;
  readonly inputs: JsonObject;
  readonly preset: string | null;
  readonly displayName: string | null;
  readonly isTrusted: boolean;
  readonly checking: "lenient" | "strict";
}

async function submitAndWait(
  { cloud: { deps }, closing }: Call,
  { inputs, ...wish }: HttpWish,
  { waitMs, key }: { readonly waitMs: number; readonly key: string | undefined },
): Promise<Response> {
  using deadline = deps.clock.timeout(waitMs + MARGIN_MS);
  const signal = AbortSignal.any([deadline.signal, closing]);
  const { request } = await prepare(deps, { ...wish, layers: [givenLayer("inputs", inputs)] }, { signal });
  let latest: RunEvent | undefined;
  try {
    const events = execute(deps, request, {
      ...DEFAULT_EXECUTE,
      signal,
      isWaiting: waitMs > 0,
      timeoutMs: waitMs,
      ...(key === undefined ? {} : { key: { text: key, policy: "attach" } }),
    });
    while (true) {
      const { done, value } = await events.next();
      if (done) return answerResult(value, latest, request);
      if (value.type !== "status") latest = value;
    }
  } catch (error) {
    if (!signal.aborted || latest === undefined) throw error;
    // It is written down: whoever asks later will be told.
    return accepted(latest.wishId, { workflow: request.workflow, status: "unknown", slug: null });
  }
}

function answerResult(result: RunResult, latest: RunEvent | undefined, { workflow }: RunRequest): Response {
  const isOver = ["completed", "failed", "cancelled", "session_ready", "run_deleted"].includes(result.kind);
  const id = result.slug ?? latest?.wishId ?? "";
  return isOver ? json({ id, ...result }) : accepted(id, { workflow, ...result });
}

function accepted(id: string, members: object): Response {
  const location = `/runs/${encodeURIComponent(id)}`;
  return json({ id, location, ...members }, { status: 202, headers: { location, "retry-after": "5" } });
}

/** `GET /runs/:id`, by slug or by the id that was answered with; looks once. Only runs that were started here. */
export async function showRun({ cloud, name }: Call): Promise<Response> {
  const { deps } = cloud;
  using deadline = deps.clock.timeout(MARGIN_MS);
  const record = await findOurs(cloud, name);
  const looked = await lookOnce(cloud, record, deadline.signal);
  return json(recordView(looked));
}

/** Keys of this server are for what it started: the account's other runs are nobody's business here. */
async function findOurs({ deps }: Call["cloud"], name: string): Promise<RunRecord> {
  const record = await deps.ledger.get(name) ?? await deps.ledger.findRun(null, name);
  if (record !== undefined) return record;
  throw new NotFound(`Cannot find the run ${name}: none of that name was started here`, {
    hint: "GET /runs lists those that were",
  });
}

async function lookOnce({ deps }: Call["cloud"], record: RunRecord, signal: AbortSignal): Promise<RunRecord> {
  // What is not sent yet is left to the ticks: a key that only reads must not start anything.
  if (!isOpen(record) || record.state === "intended" || record.dueAtMs > deps.clock.now()) return record;
  try {
    const [turn] = await advance(deps, [record], turnOptions(signal, "no"));
    return turn?.record ?? record;
  } catch (error) {
    if (!signal.aborted) throw error;
    return record;
  }
}

/** `GET /runs`, newest first; `next` leads to the page after. */
export async function listRuns({ cloud, url }: Call): Promise<Response> {
  const unknown = unknownParameter(url, ["limit", "cursor", "workflow"]);
  if (unknown !== undefined) return unknown;
  const { searchParams } = url;
  const limit = wholeNumber(searchParams.get("limit") ?? String(PAGE_SIZE), 1, MOST_A_PAGE);
  if (limit === undefined) return problem(400, `limit must be a whole number from 1 to ${MOST_A_PAGE}`);
  const workflow = searchParams.get("workflow") ?? undefined;
  if (workflow !== undefined && workflow.length > LONGEST_NAME) return problem(404, "No workflow has so long a name");
  const page = await readPage(cloud.deps.ledger, { limit, cursor: searchParams.get("cursor"), workflow });
  if (page === undefined) return problem(400, "cursor must be one that was answered with");
  const next = new URLSearchParams(searchParams);
  next.set("cursor", page.next ?? "");
  return json({ runs: page.records.map(recordView), next: page.next === null ? null : `/runs?${next}` });
}

/** `POST /runs/:id/cancel`: safe to repeat. */
export async function cancelRun({ cloud, name }: Call): Promise<Response> {
  const { deps } = cloud;
  using deadline = deps.clock.timeout(MARGIN_MS);
  const record = await findOurs(cloud, name);
  if (record.state === "refused") return json(recordView(record));
  const handle = handleOf(record);
  if (handle === undefined) return problem(503, `Cannot cancel ${name}: it is not known yet whether it became a run`);
  const run = await askToCancel(deps, handle, deadline);
  return json({ id: name, ...viewOf(run) }, { status: run.phase === "going" ? 202 : 200 });
}

function handleOf(record: RunRecord): RunHandle | undefined {
  if (record.state === "seen" || record.state === "settled") return record.handle;
  return undefined;
}

function recordView(record: RunRecord) {
  const { wishId, request, intendedAtMs } = record;
  return {
    id: wishId,
    workflowName: request.workflow,
    slug: slugOf(record),
    state: record.state,
    status: statusOf(record),
    wishedAt: new Date(intendedAtMs).toISOString(),
    ...(record.state === "seen" ? viewOf(record.run) : {}),
    ...(record.state === "settled" ? record.result : {}),
    ...(record.state === "refused" ? { errorMessage: record.message, kind: record.kind } : {}),
  };
}

function statusOf(record: RunRecord): string {
  switch (record.state) {
    case "seen":
      return record.run.status;
    case "settled":
      return record.result.status;
    case "refused":
      return "refused";
    case "intended":
    case "submitted":
      return "pending";
  }
}

const FIELDS = ["workflow", "inputs", "preset", "name", "trust", "strict"];

/** @throws InvalidInputs with every problem. */
function readWish(body: JsonObject): HttpWish {
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
