import { isOwnedBy } from "../account.ts";
import { expected, InvalidInputs, NotFound, RunnerError } from "../errors.ts";
import { advanceOne, isDue } from "../runs/advance.ts";
import { cancelRun as requestCancel, cancelUnsent } from "../runs/cancel.ts";
import { createSubmission } from "../runs/create_submission.ts";
import type { Deps } from "../runs/deps.ts";
import { toEnd } from "../runs/execute.ts";
import { DEFAULT_EXECUTE, type ExecuteOptions } from "../runs/options.ts";
import { prepare, type RunSpec } from "../runs/prepare.ts";
import { trackSubmission } from "../runs/track.ts";
import { redactingDeps } from "../runs/redacting.ts";
import { toRunView } from "../runs/view.ts";
import { checkJsonObject, type FieldCheck } from "../inputs/check_json.ts";
import { createInputLayer } from "../inputs/merge.ts";
import { addReplaced } from "../scheduler/scheduler_store.ts";
import { scopeOf } from "../store/submission_rows.ts";
import { isOpen, slugOf, type Submission, suiteOf } from "../submission.ts";
import type { JsonObject } from "../json.ts";
import { storeFailureTo } from "../log.ts";
import type { Problem } from "../problem.ts";
import type { RunResult } from "../result.ts";
import { checkBoolean, checkScheduleText, checkScheduleTextUpTo, readScheduleFields } from "../scheduler/checks.ts";
import { parseCursor, parseWait, readBody, readIdempotencyKey } from "./request.ts";
import { statusOf } from "./pages/facts.ts";
import { MAX_NAME_LENGTH, type RouteContext } from "./route_context.ts";
import { jsonResponse, locationOf, problemFromError, problemResponse } from "./problem.ts";
import { advanceOptions } from "../scheduler/service.ts";

/** For everything before and after the wait. */
const MARGIN_MS = 15_000;
const PAGE_SIZE = 20;
const MAX_PAGE_SIZE = 200;

/** `POST /runs`: 200 with the result if the run ends in time, else 202 with its location. */
export async function startRunRoute(context: RouteContext): Promise<Response> {
  const { service, request, url, inFlight } = context;
  const waitMs = parseWait(url);
  if (waitMs instanceof Response) return waitMs;
  const key = readIdempotencyKey(request.headers);
  if (key instanceof Response) return key;
  const body = await readBody(request, service.deps.clock);
  if (body instanceof Response) return body;
  const spec = readRunSpec(body);
  if (key === undefined) return await submitAndWait(context, spec, { waitMs, key: undefined });
  // Concurrent identical requests to this isolate share one response; across isolates, the run store prevents a second
  // run.
  const name = `${key}\n${waitMs}\n${JSON.stringify(body)}`;
  const response = inFlight.get(name) ?? submitAndWait(context, spec, { waitMs, key })
    .catch((error: unknown) => problemFromError(expected(RunnerError)(error)))
    .finally(() => inFlight.delete(name));
  inFlight.set(name, response);
  return (await response).clone();
}

async function submitAndWait(
  { service: { deps }, closing }: RouteContext,
  spec: RunSpec,
  { waitMs, key }: { readonly waitMs: number; readonly key: string | undefined },
): Promise<Response> {
  using deadline = deps.clock.timeout(waitMs + MARGIN_MS);
  const signal = AbortSignal.any([deadline.signal, closing]);
  const { request } = await prepare(deps, spec, { signal });
  const options: ExecuteOptions = {
    ...DEFAULT_EXECUTE,
    origin: { type: "http" },
    signal,
    isWaiting: waitMs > 0,
    timeoutMs: waitMs,
    idempotencyKey: key === undefined ? undefined : { text: key, policy: "attach" },
  };
  const submission = await createSubmission(deps, request, { ...options, retry: "some" });
  const { submissionId, state } = submission;
  // The run of a repeated key is polled at least once: it may have ended.
  const tracked = { ...options, isWaiting: options.isWaiting || state !== "pending" };
  try {
    return resultResponse(submissionId, await toEnd(trackSubmission(deps, submission, tracked)));
  } catch (error) {
    const isStopped = signal.aborted && error === signal.reason;
    if (!isStopped) expected(RunnerError)(error);
    const stored = await deps.store.get(submissionId).catch(storeFailureTo(deps.log)) ?? submission;
    if (!isStopped && !isOpen(stored)) throw error;
    // The submission is stored: ticks continue it, and the client can request its result later.
    return accepted(submissionId, submissionView(stored));
  }
}

function resultResponse(id: string, result: RunResult): Response {
  const isEnded = ["completed", "failed", "cancelled", "session_ready", "run_deleted"].includes(result.kind);
  if (isEnded) return jsonResponse({ ...result, id });
  return accepted(id, result.kind === "timeout" ? { ...result, status: "running", kind: "submitted" } : result);
}

/** @param id The submission's, which identifies it in every route. */
function accepted(id: string, members: object): Response {
  const location = locationOf(id);
  return jsonResponse({ ...members, id, location }, { status: 202, headers: { location, "retry-after": "5" } });
}

/** `GET /runs/:id`, by the id of an earlier response or by slug; polls once. Only runs that this server started. */
export async function showRunRoute({ service, name, closing }: RouteContext): Promise<Response> {
  using deadline = service.deps.clock.timeout(MARGIN_MS);
  const submission = await findSubmission(service, name);
  const signal = AbortSignal.any([deadline.signal, closing]);
  return jsonResponse(submissionView(await polledOnce(service, submission, signal)));
}

async function polledOnce({ deps }: RouteContext["service"], submission: Submission, signal: AbortSignal) {
  // Pending submissions are left to the ticks: a read-only key must not start anything.
  if (!isOpen(submission) || submission.state === "pending" || !isDue(submission, deps.clock.now())) return submission;
  try {
    if (await isOwn(deps, submission, signal).catch(expected(RunnerError)) !== true) return submission;
    return (await advanceOne(deps, submission, advanceOptions(signal))).submission;
  } catch (error) {
    if (!signal.aborted) throw error;
    return submission;
  }
}

/** With the API key of another account, a run would seem to be deleted. */
async function isOwn({ client }: Pick<Deps, "client">, submission: Submission, signal: AbortSignal): Promise<boolean> {
  const { user } = await client.whoAmI({ signal, retry: "none" });
  return isOwnedBy(submission, { host: client.host, user });
}

/** Only runs that this server started: its keys give no access to the account's other runs. */
async function findSubmission({ deps }: RouteContext["service"], name: string): Promise<Submission> {
  const submission = await deps.store.get(name) ?? await deps.store.findRun(null, name);
  if (submission !== undefined && scopeOf(submission) !== "local") return submission;
  throw new NotFound(`Cannot find the run ${name}: this server started no such run`, {
    hint: "GET /runs lists its runs",
  });
}

/** `GET /runs`, newest first; `next` is the path of the next page. */
export async function listRunsRoute({ service, url }: RouteContext): Promise<Response> {
  const { searchParams } = url;
  const count = searchParams.get("limit") ?? String(PAGE_SIZE);
  const limit = /^\d{1,9}$/.test(count) ? Number(count) : 0;
  if (limit < 1 || limit > MAX_PAGE_SIZE) {
    return problemResponse(400, `limit must be a whole number from 1 to ${MAX_PAGE_SIZE}`);
  }
  const workflow = searchParams.get("workflow") ?? undefined;
  if (workflow !== undefined && workflow.length > MAX_NAME_LENGTH) {
    return problemResponse(404, "The workflow name is too long");
  }
  const cursor = searchParams.get("cursor");
  const after = cursor === null ? undefined : parseCursor(cursor);
  if (after === null) return problemResponse(400, "cursor must come from an earlier response");
  // The list grows at its head: its cursor names the last item shown, not an offset.
  const found = await service.deps.store.listRecent({ scope: "service", limit: limit + 1, after, workflow });
  const submissions = found.slice(0, limit);
  const last = found.length > limit ? submissions.at(-1) : undefined;
  if (last !== undefined) searchParams.set("cursor", `${last.createdAtMs}.${last.submissionId}`);
  return jsonResponse({
    runs: submissions.map(submissionView),
    next: last === undefined ? null : `/runs?${searchParams}`,
  });
}

/** `POST /runs/:id/cancel`: safe to repeat. */
export async function cancelRunRoute({ service, name, closing }: RouteContext): Promise<Response> {
  const { deps, kv } = service;
  using deadline = deps.clock.timeout(MARGIN_MS);
  const signal = AbortSignal.any([deadline.signal, closing]);
  const found = await findSubmission(service, name);
  if (isOpen(found) && suiteOf(found) !== undefined) {
    // Its runs are those of its cases, which the next tick cancels.
    await addReplaced(kv.atomic(), found.submissionId).commit();
    return jsonResponse(submissionView(found), { status: 202 });
  }
  const unsent = await cancelUnsent(deps, found);
  const submission = unsent.state === "active" ? unsent : await polledOnce(service, unsent, signal);
  if (!isOpen(submission)) return jsonResponse(submissionView(submission));
  if (submission.state !== "active") {
    return problemResponse(503, `Cannot cancel ${name}: it is not known yet whether it started a run`);
  }
  if (!await isOwn(deps, submission, signal)) {
    const { user, host } = submission.owner;
    return problemResponse(
      502,
      `Cannot cancel ${name}: its run belongs to ${user} on ${host}, not to this server's API key`,
    );
  }
  const run = await requestCancel(redactingDeps(deps, submission), submission.runId, { signal });
  return jsonResponse({ id: submission.submissionId, ...toRunView(run) }, {
    status: run.status === "running" ? 202 : 200,
  });
}

function submissionView(submission: Submission) {
  const { submissionId, request, createdAtMs } = submission;
  const suite = suiteOf(submission);
  return {
    id: submissionId,
    workflowName: request.workflow,
    slug: slugOf(submission),
    state: submission.state,
    status: statusOf(submission),
    submittedAt: new Date(createdAtMs).toISOString(),
    ...(submission.state === "active" ? toRunView(submission.run) : {}),
    ...(submission.state === "finished" ? submission.result : {}),
    ...(submission.state === "rejected" ? { errorMessage: submission.message, kind: submission.kind } : {}),
    ...(suite && { workflowName: null, suite: suite.path, ...suite.end }),
  };
}

const FIELDS = ["workflow", "inputs", "preset", "name", "trust", "strict"] as const;

/** @throws InvalidInputs with every problem. */
function readRunSpec(body: JsonObject): RunSpec {
  const problems: Problem[] = [];
  const report = (path: string, message: string) => void problems.push({ origin: "", path, message });
  const { required, optional } = readScheduleFields(body, FIELDS, { path: "", report });
  const checkTextOrNull: FieldCheck<string> = (value, context) =>
    value === null ? undefined : checkScheduleText(value, context);
  const spec: RunSpec = {
    workflow: required("workflow", checkScheduleTextUpTo(MAX_NAME_LENGTH)) ?? "",
    layers: [createInputLayer("inputs", optional("inputs", checkJsonObject) ?? {})],
    preset: optional("preset", checkTextOrNull) ?? null,
    displayName: optional("name", checkTextOrNull) ?? null,
    isTrusted: optional("trust", checkBoolean) ?? false,
    checking: optional("strict", checkBoolean) === true ? "strict" : "lenient",
  };
  if (problems.length > 0) throw new InvalidInputs("Cannot start a run: the request is invalid", problems);
  return spec;
}
