/** Collects what an attempt left behind, as far as the case expects something of it. */

import type { RunIsolated } from "../child_process.ts";
import { formatExactDuration, parseDuration } from "../duration.ts";
import { expected, RunnerError } from "../errors.ts";
import { cleanLines } from "../log_text.ts";
import { createLogReader, lastLines } from "../platform/logs.ts";
import { redactDeep, type Redactor } from "../redact.ts";
import { headline, logTailOf } from "../reports/report.ts";
import type { RunResult } from "../result.ts";
import { runIdOf } from "../run.ts";
import type { Deps } from "../runs/deps.ts";
import { withLimit } from "../runs/limit.ts";
import type { TaskEnd } from "../runs/retry_policy.ts";
import { allSteps, formatPath, type PlacedStep } from "../runs/view.ts";
import { isLogOf, type LogEvidence, type RunEvidence, type SessionEvidence } from "./judge.ts";
import type { CheckedCase } from "./preflight.ts";

export interface ExecuteDeps extends Deps {
  readonly fetch: typeof globalThis.fetch;
  readonly runIsolated: RunIsolated | undefined;
  env(name: string): string | undefined;
}

/** A run that has ended, or whose session is ready, and what its evidence is collected with. */
export interface EndedRun extends ExecuteDeps {
  readonly one: CheckedCase;
  readonly end: Extract<TaskEnd, { type: "result" }>;
  readonly signal: AbortSignal;
  readonly redact: Redactor;
}

/** For all logs of one case. */
const READ_LOGS_MS = 120_000;
/** Of all logs of one case: they are in memory. */
const MAX_LOGS_LENGTH = 16 * 1024 * 1024;
const HTTP_TIMEOUT_MS = 30_000;
const MAX_BODY_LENGTH = 1024 * 1024;
const DEFAULT_CHECK_TIMEOUT_MS = 5 * 60_000;
const TAIL_LINES = 20;

export async function collectEvidence(run: EndedRun): Promise<RunEvidence> {
  const { one, end, redact } = run;
  const { result } = end;
  const { logs, unreadLog } = await readSteps(run, neededSteps(one, result));
  const evidence: RunEvidence = {
    type: "run",
    status: result.kind === "session_ready" ? "completed" : STATUSES.find((one) => one === result.status) ?? "failed",
    reason: result.kind === "completed" || result.kind === "session_ready" ? null : redact(headline(result)),
    queueSeconds: queueSecondsOf(end),
    runSeconds: ranSecondsOf(end),
    jobs: Object.fromEntries((result.jobs ?? []).map(({ name, status }) => [name, status])),
    outputs: redactDeep(result.outputs ?? {}, redact),
    rawOutputs: result.outputs ?? {},
    logs,
    unreadLog,
    session: await probeSession(run),
    check: null,
  };
  return { ...evidence, check: await runCheck(run, evidence) };
}

export function queueSecondsOf(end: TaskEnd): number | null {
  return end.type === "result" && end.queueMs !== undefined ? Math.round(end.queueMs) / 1_000 : null;
}

/** What its run has taken without the time in the queue; `null` without a run, or if that is not known. */
export function ranSecondsOf(end: TaskEnd): number | null {
  if (end.type !== "result" || end.result.durationSeconds === null) return null;
  return Math.max(0, end.result.durationSeconds - (queueSecondsOf(end) ?? 0));
}

const STATUSES = ["completed", "failed", "cancelled", "timeout"] as const;

function neededSteps({ expect, metrics }: CheckedCase, { jobs = [] }: RunResult): readonly PlacedStep[] {
  const measured = Object.values(metrics.metrics).flatMap(({ from }) =>
    "log" in from ? [{ ...from, job: from.log }] : []
  );
  const needed = [...[expect.log ?? []].flat(), ...measured];
  return allSteps(jobs).filter((placed) => needed.some((one) => isLogOf(placeOf(placed), one)));
}

function placeOf({ job, path, step }: PlacedStep) {
  return { job: job.name, path: formatPath(path), step: step.name };
}

async function readSteps(
  { client, clock, end: { result }, signal, redact }: EndedRun,
  steps: readonly PlacedStep[],
): Promise<Pick<RunEvidence, "logs" | "unreadLog">> {
  using deadline = clock.timeout(READ_LOGS_MS);
  const logs: LogEvidence[] = [];
  let unreadLog: string | null = null;
  let left = MAX_LOGS_LENGTH;
  for (const placed of steps) {
    const { step } = placed;
    if (left <= 0) break;
    let text = "";
    const failure = await withLimit({ signal, limit: deadline.signal }, `read ${step.logPath}`, async (signal) => {
      const reader = createLogReader(client, { runId: runIdOf(result), path: step.logPath });
      for await (const piece of cleanLines(reader.readNew({ signal, isLast: true }))) {
        text += piece;
        if (text.length > left) break;
      }
    }).catch(expected(RunnerError));
    if (failure !== undefined) unreadLog = redact(failure.message);
    left -= text.length;
    logs.push({ ...placeOf(placed), text: redact(text), rawText: text });
  }
  if (left <= 0) unreadLog = `Its logs are longer than ${MAX_LOGS_LENGTH / 1024 ** 2} MiB`;
  return { logs, unreadLog };
}

/** The last lines of what the run wrote: of the failed steps, or of the last one. */
export async function tailOf(run: EndedRun, evidence: RunEvidence): Promise<readonly string[]> {
  const { end: { result }, redact } = run;
  const failed = logTailOf(result);
  if (failed.length > 0) return failed.map(redact);
  const last = allSteps(result.jobs ?? []).filter(({ step }) => step.status !== "skipped").slice(-1);
  const { logs } = evidence.logs.length > 0 ? evidence : await readSteps(run, last);
  return lastLines(logs.at(-1)?.text ?? "", TAIL_LINES);
}

async function probeSession(run: EndedRun): Promise<SessionEvidence | null> {
  const { one: { expect: { session: expected } }, end: { result: { session } }, fetch, clock, signal, redact } = run;
  if (expected === undefined) return null;
  if (session === undefined) return { isReady: false, response: null, error: null };
  if (expected === "ready") return { isReady: true, response: null, error: null };
  using deadline = clock.timeout(HTTP_TIMEOUT_MS);
  try {
    const { path, contains } = expected.http;
    const url = path === undefined ? session.url : `${session.url.replace(/\/+$/, "")}${path}`;
    // Without the API key: the address may be of any host.
    const response = await fetch(url, { signal: AbortSignal.any([signal, deadline.signal]), redirect: "manual" });
    const rawBody = await startOf(response, contains);
    return { isReady: true, response: { status: response.status, body: redact(rawBody), rawBody }, error: null };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Error)) throw error;
    return { isReady: true, response: null, error: redact(error.message) };
  }
}

/** Until what is expected of it: it may be long, or never end. */
async function startOf({ body }: Response, expected: string | undefined): Promise<string> {
  let text = "";
  if (expected === undefined) {
    await body?.cancel();
    return text;
  }
  const decoder = new TextDecoder();
  for await (const bytes of body ?? []) {
    text += decoder.decode(bytes, { stream: true });
    if (text.length >= MAX_BODY_LENGTH || text.includes(expected)) break;
  }
  return text.slice(0, MAX_BODY_LENGTH);
}

async function runCheck(run: EndedRun, evidence: RunEvidence): Promise<RunEvidence["check"]> {
  const { one, end: { result }, runIsolated, env, redact, signal } = run;
  const { check } = one.expect;
  if (check === undefined || runIsolated === undefined) return null;
  const { run: given, env: names = [], timeout = undefined } = typeof check === "string" || Array.isArray(check)
    ? { run: check }
    : check;
  const command = typeof given === "string" ? ["sh", "-c", given] : given;
  const { status, queueSeconds, runSeconds, outputs, jobs, session } = evidence;
  const document = {
    case: one.name,
    suite: one.suite,
    run: result.slug,
    status,
    queueSeconds,
    runSeconds,
    inputs: one.givenInputs,
    outputs,
    jobs,
    session: session === null ? null : result.session ?? null,
  };
  const timeoutMs = timeout === undefined ? DEFAULT_CHECK_TIMEOUT_MS : parseDuration(timeout);
  const listed = ["PATH", "HOME", "SystemRoot", ...names].filter((name) => !/^PW_API_KEY$/i.test(name));
  const ended = await runIsolated({
    command,
    stdin: JSON.stringify(document),
    folder: /^(.*[\\/])?[^\\/]*$/.exec(one.file.path)?.[1] ?? ".",
    env: Object.fromEntries(listed.flatMap((name) => {
      const value = env(name);
      return value === undefined ? [] : [[name, value] as const];
    })),
    timeoutMs,
    signal,
  });
  if (ended.type === "ended") return { exitCode: ended.code, output: redact(`${ended.stdout}${ended.stderr}`) };
  const reasons = {
    "not-found": "no such program",
    "denied": "permission denied",
    "timed-out": `it took longer than ${formatExactDuration(timeoutMs)}`,
  } as const;
  return { exitCode: null, output: `${command[0] ?? ""}: ${reasons[ended.type]}` };
}
