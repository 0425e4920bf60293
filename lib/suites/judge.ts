/** Judges a case by what its run left behind. Pure: nothing is read, and the same evidence has the same verdict. */

import { formatExactDuration, parseDuration } from "../duration.ts";
import { isInside, type JsonObject, parseOutput, parsePath, valueAt } from "../json.ts";
import { SECRET_MASK } from "../redact.ts";
import type { KnownFailure, ReportAttempt, ReportCase, ReportExpectation, ReportMetric } from "../reports/report.ts";
import { unmetText } from "../reports/cases.ts";
import { compare, type Compared, compareText, comparisonsOf, metricText, shown } from "./compare.ts";
import type { ExpectDocument } from "./format.ts";

/** What an attempt left behind. */
export type Evidence =
  | RunEvidence
  /** Its run could not show anything: it waited for too long, or the platform failed. */
  | { readonly type: "inconclusive"; readonly reason: string }
  /** No run was started, or it could not be observed. */
  | { readonly type: "no-run"; readonly reason: string };

export interface RunEvidence extends Pick<ReportAttempt, "queueSeconds" | "runSeconds"> {
  readonly type: "run";
  readonly status: "completed" | "failed" | "cancelled" | "timeout";
  /** One line: why it did not complete; `null` if it did. */
  readonly reason: string | null;
  /** Name → status, in the platform's terms. */
  readonly jobs: Readonly<Record<string, string>>;
  /** Job → outputs, without the values of secrets. */
  readonly outputs: JsonObject;
  /** As the run left them: they are compared, and not shown. The same as `outputs` by default. */
  readonly rawOutputs?: JsonObject;
  readonly logs: readonly LogEvidence[];
  /** Why a log that is needed is missing or incomplete; `null` if none is. */
  readonly unreadLog: string | null;
  /** `null` if no session is expected. */
  readonly session: SessionEvidence | null;
  /** `null` if there is no check, or if it was not run. Its exit code is `null` if it did not end by itself. */
  readonly check: { readonly exitCode: number | null; readonly output: string } | null;
}

export interface LogEvidence {
  readonly job: string;
  /** Of a job inside others: all their names, like `main › solve`. */
  readonly path?: string;
  readonly step: string;
  /** Without the values of secrets. */
  readonly text: string;
  /** As the run wrote it: it is compared, and not shown. The same as `text` by default. */
  readonly rawText?: string;
}

export interface SessionEvidence {
  readonly isReady: boolean;
  /** `null` if none is expected, or if there was none. `rawBody`, by default the same, is compared, and not shown. */
  readonly response: { readonly status: number; readonly body: string; readonly rawBody?: string } | null;
  /** Why there is no response; `null` if there is one or none is expected. */
  readonly error: string | null;
}

/** A known failure that applies to the case. */
export interface ApplicableFailure extends KnownFailure {
  /** Path of the expectation below `expect`; `null` for the whole case. */
  readonly expectation: string | null;
  /** An unexpected pass is a failure. */
  readonly isStrict: boolean;
}

export interface Judged {
  readonly expect: ExpectDocument;
  readonly knownFailures: readonly ApplicableFailure[];
  /** What the run measured. */
  readonly metrics?: readonly ReportMetric[];
}

export type Judgement = Pick<ReportCase, "verdict" | "isFailure" | "reason" | "expectations">;

/** FAIL > XPASS > XFAIL > PASS. */
export function judge({ expect, knownFailures, metrics = [] }: Judged, evidence: Evidence): Judgement {
  if (evidence.type !== "run") {
    const verdict = evidence.type === "no-run" ? "error" : "not-judged";
    return { verdict, isFailure: false, reason: evidence.reason, expectations: [] };
  }
  const compared = compareAll(expect, evidence, metrics);
  const certain = compared.filter(({ isUncertain }) => isUncertain !== true);
  const expectations = certain.map(({ path, isMet, expected, actual }): ReportExpectation => {
    const one = { path, isMet, expected, actual };
    const known = one.isMet ? undefined : knownFailures.find(({ expectation }) => isAbout(expectation, one.path));
    return { ...one, knownFailure: known === undefined ? null : { reason: known.reason, issue: known.issue } };
  });
  const unmet = expectations.filter(({ isMet }) => !isMet);
  const [failed, ...others] = unmet.filter(({ knownFailure }) => knownFailure === null);
  if (failed !== undefined) {
    const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
    return { verdict: "failed", isFailure: true, reason: `${reasonOf(failed, evidence)}${more}`, expectations };
  }
  if (unmet.length === 0 && certain.length < compared.length) {
    return { verdict: "not-judged", isFailure: false, reason: evidence.unreadLog, expectations };
  }
  const passed = knownFailures.filter(({ expectation }) => {
    const about = expectations.filter(({ path }) => isAbout(expectation, path));
    return about.length > 0 && about.every(({ isMet }) => isMet);
  });
  const [unexpected] = passed;
  if (unexpected !== undefined) {
    const reason = `${unexpected.expectation ?? "the case"} passed, although it is known to fail: ${unexpected.reason}`;
    return { verdict: "unexpected-pass", isFailure: passed.some(({ isStrict }) => isStrict), reason, expectations };
  }
  const [known] = unmet;
  if (known === undefined) return { verdict: "passed", isFailure: false, reason: null, expectations };
  const { reason = "", issue = null } = known.knownFailure ?? {};
  const why = issue === null ? reason : `${reason} (${issue})`;
  return { verdict: "known-failure", isFailure: false, reason: why, expectations };
}

function isAbout(expectation: string | null, path: string): boolean {
  return expectation === null || path === expectation || isInside(path, expectation);
}

function reasonOf(failed: ReportExpectation, { reason }: RunEvidence): string {
  if (failed.path !== "status" || reason === null) return unmetText(failed);
  return `expected ${failed.expected}, got ${failed.actual}: ${reason}`;
}

function compareAll(
  expect: ExpectDocument,
  evidence: RunEvidence,
  metrics: readonly ReportMetric[],
): readonly Compared[] {
  const status = compareStatus(expect, evidence);
  // What a run leaves behind that did not end as expected would repeat the same failure.
  if (status.some(({ isMet }) => !isMet)) return status;
  return [
    ...status,
    ...compareDuration("duration", expect.duration, evidence.runSeconds),
    ...compareDuration("queue", expect.queue, evidence.queueSeconds),
    ...Object.entries(expect.jobs ?? {}).map(([job, expected]) => {
      const found = Object.hasOwn(evidence.jobs, job) ? evidence.jobs[job] : undefined;
      const actual = found === undefined ? "no such job" : OWN_TERMS[found] ?? found;
      return { path: `jobs.${job}`, isMet: actual === expected, expected, actual };
    }),
    ...Object.entries(expect.outputs ?? {}).flatMap(([output, comparison]) => {
      const path = parsePath(output) ?? [];
      const { outputs, rawOutputs = outputs } = evidence;
      const [raw, visible] = [outputAt(rawOutputs, path), outputAt(outputs, path)];
      const compared = compare(comparison, raw, `outputs.${output}`);
      const { secret } = comparisonsOf(comparison);
      if (secret === true) return compared.map((one) => ({ ...one, expected: SECRET_MASK, actual: SECRET_MASK }));
      if (JSON.stringify(raw) === JSON.stringify(visible)) return compared;
      return compared.map((one) => ({ ...one, actual: shown(visible ?? SECRET_MASK) }));
    }),
    ...[expect.log ?? []].flat().flatMap((log, index, all) =>
      compareLog(log, evidence, all.length === 1 && !Array.isArray(expect.log) ? "log" : `log[${index}]`)
    ),
    ...compareSession(expect.session, evidence),
    ...compareCheck(expect.check, evidence.check),
    ...metrics.flatMap((metric) =>
      metric.expected === null ? [] : [{
        path: `metrics.${metric.name}`,
        isMet: metric.isMet,
        expected: metric.expected,
        actual: metricText(metric),
        isUncertain: evidence.unreadLog !== null && metric.value === null,
      }]
    ),
  ];
}

/** Outputs are texts: what is inside one is read as JSON. */
export function outputAt(outputs: JsonObject, path: readonly (string | number)[]) {
  const [job, output, ...rest] = path;
  const value = valueAt(outputs, [job ?? "", output ?? ""]);
  const whole = rest.length > 0 && typeof value === "string" ? parseOutput(value) : value;
  return whole === undefined ? undefined : valueAt(whole, rest);
}

function compareStatus({ status, session }: ExpectDocument, evidence: RunEvidence): readonly Compared[] {
  // A run with a session continues while the session is used.
  if (status === undefined && session !== undefined) return [];
  const wanted = [status ?? "completed"].flat();
  const isMet = wanted.includes(evidence.status);
  return [{ path: "status", isMet, expected: wanted.join(" or "), actual: evidence.status }];
}

function compareDuration(path: string, range: ExpectDocument["duration"], seconds: number | null): readonly Compared[] {
  if (range === undefined) return [];
  const actual = seconds === null ? "an unknown time" : formatExactDuration(seconds * 1_000);
  return (["min", "max"] as const).flatMap((limit) => {
    const text = range[limit];
    if (text === undefined) return [];
    const limitSeconds = parseDuration(text) / 1_000;
    const isMet = seconds !== null && (limit === "min" ? seconds >= limitSeconds : seconds <= limitSeconds);
    return [{ path: `${path}.${limit}`, isMet, expected: `at ${limit === "min" ? "least" : "most"} ${text}`, actual }];
  });
}

const OWN_TERMS: Readonly<Record<string, string>> = {
  error: "failed",
  canceled: "cancelled",
  "skipped-failed": "skipped",
};

type LogExpectation = Exclude<NonNullable<ExpectDocument["log"]>, readonly unknown[]>;

/** Of all jobs without a job, and of all its steps without a step. */
export function isLogOf(log: Omit<LogEvidence, "text">, { job, step }: Pick<LogExpectation, "job" | "step">): boolean {
  return (job === undefined || log.job === job || log.path === job) && (step === undefined || log.step === step);
}

/** In the part of a log that was read, a text may be found; that it is missing there shows nothing. */
function compareLog(expected: LogExpectation, { logs, unreadLog }: RunEvidence, path: string): readonly Compared[] {
  const isPart = unreadLog !== null;
  const { job, step } = expected;
  const chosen = logs.filter((log) => isLogOf(log, expected));
  const where = [job === undefined ? "" : `job ${job}`, step === undefined ? "" : `step ${step}`].filter(Boolean).join(
    ", ",
  );
  if (chosen.length === 0) {
    const wanted = `a log${where === "" ? "" : ` of ${where}`}`;
    return [{ path, isMet: false, expected: wanted, actual: "none", isUncertain: isPart }];
  }
  const visible = chosen.map(({ text }) => text).join("\n");
  const text = chosen.map(({ text, rawText = text }) => rawText).join("\n");
  const end = visible.length > 200 ? `…${visible.slice(-200)}` : visible;
  const shownText = { visible, actual: `a log that ends with ${JSON.stringify(end)}` };
  const { lacks, ...has } = expected;
  return [
    ...compareText(has, text, path, shownText).map((one) => ({ ...one, isUncertain: isPart && !one.isMet })),
    ...compareText(lacks === undefined ? {} : { lacks }, text, path, shownText).map((one) => ({
      ...one,
      isUncertain: isPart && one.isMet,
    })),
  ];
}

function compareSession(
  expected: ExpectDocument["session"],
  { session, reason }: Pick<RunEvidence, "session" | "reason">,
): readonly Compared[] {
  if (expected === undefined) return [];
  const isReady = session?.isReady === true;
  const state = isReady ? "ready" : reason === null ? "not ready" : `not ready: ${reason}`;
  const ready = { path: "session", isMet: isReady, expected: "ready", actual: state };
  if (expected === "ready" || !isReady) return [ready];
  const { status = 200, contains } = expected.http;
  const response = session.response;
  const actual = response === null ? session.error ?? "no response" : `status ${response.status}`;
  const isMet = response?.status === status;
  const http = { path: "session.http.status", isMet, expected: `status ${status}`, actual };
  if (contains === undefined || response === null) return [ready, http];
  const { body, rawBody = body } = response;
  return [
    ready,
    http,
    ...compareText({ contains }, rawBody, "session.http", { visible: body, actual: shown(body) }),
  ];
}

function compareCheck(expected: ExpectDocument["check"], check: RunEvidence["check"]): readonly Compared[] {
  if (expected === undefined) return [];
  const unmet = { path: "check", isMet: false, expected: "exit code 0", actual: "it was not run" };
  if (check === null) return [unmet];
  const code = check.exitCode === null ? "no exit code" : `exit code ${check.exitCode}`;
  const last = check.output.trim().split("\n").at(-1) ?? "";
  const actual = last === "" ? code : `${code}: ${last.slice(0, 500)}`;
  return [{ ...unmet, isMet: check.exitCode === 0, actual }];
}
