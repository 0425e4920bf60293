import assert from "node:assert/strict";
import { type ApplicableFailure, type Evidence, judge, type RunEvidence } from "../../lib/suites/judge.ts";
import type { ExpectDocument } from "../../lib/suites/format.ts";

function evidence(parts: Partial<RunEvidence> = {}): RunEvidence {
  return {
    type: "run",
    status: "completed",
    reason: null,
    queueSeconds: 10,
    runSeconds: 65,
    jobs: { main: "completed", report: "skipped-failed", cancelled: "canceled" },
    outputs: { main: { energy: "-1.17", note: "ok", table: '{"rows": [{"n": 3}]}', token: "s3cret-token" } },
    logs: [{ job: "main", step: "solve", text: "solving\ndone\n" }, {
      job: "report",
      step: "write",
      text: "Traceback",
    }],
    unreadLog: null,
    session: null,
    check: null,
    ...parts,
  };
}

const known = (parts: Partial<ApplicableFailure> = {}): ApplicableFailure => ({
  expectation: null,
  isStrict: true,
  reason: "diverges",
  issue: "#7",
  ...parts,
});

type Row = readonly [what: string, expect: ExpectDocument, evidence: Evidence, verdict: string, reason: string | null];

const FAILED = evidence({ status: "failed", reason: 'step "solve" of job "main" failed' });

const UNREAD = { logs: [], unreadLog: "cannot read its log: the server is down" };

const ROWS: readonly Row[] = [
  [
    "a log that must lack a text, and was not read",
    { log: { lacks: "x" } },
    evidence(UNREAD),
    "not-judged",
    UNREAD.unreadLog,
  ],
  [
    "a text that was found, although the log was not read to its end",
    { log: { contains: "solving" } },
    evidence({ unreadLog: UNREAD.unreadLog }),
    "passed",
    null,
  ],
  [
    "a text that must be missing, and was not found before",
    { log: { lacks: "converged" } },
    evidence({ unreadLog: UNREAD.unreadLog }),
    "not-judged",
    UNREAD.unreadLog,
  ],
  [
    "a text that was not found before",
    { log: { contains: "converged" } },
    evidence({ unreadLog: UNREAD.unreadLog }),
    "not-judged",
    UNREAD.unreadLog,
  ],
  [
    "a text that must be missing, and was found before",
    { log: { job: "main", lacks: "done" } },
    evidence({ unreadLog: UNREAD.unreadLog }),
    "failed",
    'log: expected text without "done", got … "done" …',
  ],
  [
    "another failure, where the log was not read",
    { log: { lacks: "x" }, duration: { max: "1m" } },
    evidence(UNREAD),
    "failed",
    "duration.max: expected at most 1m, got 1m 05s",
  ],
  [
    "a failed run, where the log was not read",
    { log: { lacks: "x" } },
    evidence({ ...UNREAD, status: "failed" }),
    "failed",
    "status: expected completed, got failed",
  ],
  ["a completed run", {}, evidence(), "passed", null],
  ["a failed run", {}, FAILED, "failed", 'expected completed, got failed: step "solve" of job "main" failed'],
  ["a run that is expected to fail", { status: "failed" }, FAILED, "passed", null],
  ["one of several statuses", { status: ["cancelled", "failed"] }, FAILED, "passed", null],
  ["a timeout that is expected", { status: "timeout" }, evidence({ status: "timeout" }), "passed", null],
  [
    "a timeout",
    {},
    evidence({ status: "timeout", reason: "longer than 30m" }),
    "failed",
    "expected completed, got timeout: longer than 30m",
  ],
  ["a run time", { duration: { min: "1m", max: "2m" } }, evidence(), "passed", null],
  [
    "a run time that is too long",
    { duration: { max: "1m" } },
    evidence(),
    "failed",
    "duration.max: expected at most 1m, got 1m 05s",
  ],
  [
    "a run time that is too long by less than a second",
    { duration: { max: "1m" } },
    evidence({ runSeconds: 60.2 }),
    "failed",
    "duration.max: expected at most 1m, got 1m 00.2s",
  ],
  [
    "a run time that is too short",
    { duration: { min: "2m" } },
    evidence(),
    "failed",
    "duration.min: expected at least 2m, got 1m 05s",
  ],
  [
    "an unknown run time",
    { duration: { max: "1h" } },
    evidence({ runSeconds: null }),
    "failed",
    "duration.max: expected at most 1h, got an unknown time",
  ],
  ["a time in the queue", { queue: { max: "5s" } }, evidence(), "failed", "queue.max: expected at most 5s, got 10s"],
  [
    "jobs in our terms",
    { jobs: { main: "completed", report: "skipped", cancelled: "cancelled" } },
    evidence(),
    "passed",
    null,
  ],
  [
    "a job that is missing",
    { jobs: { other: "completed" } },
    evidence(),
    "failed",
    "jobs.other: expected completed, got no such job",
  ],
  [
    "a missing job with the name of a method",
    { jobs: { ["toString" as string]: "completed" } },
    evidence(),
    "failed",
    "jobs.toString: expected completed, got no such job",
  ],
  ["an output", { outputs: { "main.energy": { about: -1.17, within: "1%" } } }, evidence(), "passed", null],
  [
    "an integer inside an output that is rounded to the expected one",
    { outputs: { "main.table.id": 9007199254740992 } },
    evidence({ outputs: { main: { table: '{"id": 9007199254740993}' } } }),
    "failed",
    'outputs.main.table.id: expected 9007199254740992, got "9007199254740993"',
  ],
  ["an output inside one", { outputs: { "main.table.rows[0].n": 3 } }, evidence(), "passed", null],
  [
    "a missing output",
    { outputs: { "main.x": { exists: true } } },
    evidence(),
    "failed",
    "outputs.main.x: expected a value, got nothing",
  ],
  [
    "a secret output",
    { outputs: { "main.token": { equals: "other", secret: true } } },
    evidence(),
    "failed",
    "outputs.main.token: expected •••, got •••",
  ],
  [
    "two that are not met",
    { outputs: { "main.note": "bad", "main.x": 1 } },
    evidence(),
    "failed",
    'outputs.main.note: expected "bad", got "ok" (and 1 more)',
  ],
  ["a log", { log: { job: "main", step: "solve", contains: "done", lacks: "Traceback" } }, evidence(), "passed", null],
  [
    "all logs",
    { log: { lacks: "Traceback" } },
    evidence(),
    "failed",
    'log: expected text without "Traceback", got … "Traceback" …',
  ],
  [
    "a log without a text",
    { log: [{ job: "main", contains: "end" }] },
    evidence(),
    "failed",
    'log[0]: expected text that contains "end", got a log that ends with "solving\\ndone\\n"',
  ],
  [
    "a log that does not exist",
    { log: { job: "x", contains: "a" } },
    evidence(),
    "failed",
    "log: expected a log of job x, got none",
  ],
  [
    "a session",
    { session: "ready" },
    evidence({ status: "cancelled", session: { isReady: true, response: null, error: null } }),
    "passed",
    null,
  ],
  ["a session that never came", { session: "ready" }, evidence(), "failed", "session: expected ready, got not ready"],
  [
    "a session's response",
    { session: { http: { status: 200, contains: "v1" } } },
    evidence({ session: { isReady: true, response: { status: 200, body: "v1" }, error: null } }),
    "passed",
    null,
  ],
  [
    "a session's response that shows a secret",
    { session: { http: { contains: "hunter2" } } },
    evidence({
      session: { isReady: true, response: { status: 200, body: "key •••", rawBody: "key hunter2" }, error: null },
    }),
    "passed",
    null,
  ],
  [
    "a session's response without what is expected beside a secret",
    { session: { http: { contains: "v1" } } },
    evidence({
      session: { isReady: true, response: { status: 200, body: "key •••", rawBody: "key hunter2" }, error: null },
    }),
    "failed",
    'session.http: expected text that contains "v1", got "key •••"',
  ],
  [
    "a session's error",
    { session: { http: {} } },
    evidence({ session: { isReady: true, response: { status: 502, body: "" }, error: null } }),
    "failed",
    "session.http.status: expected status 200, got status 502",
  ],
  [
    "a session without a response",
    { session: { http: {} } },
    evidence({ session: { isReady: true, response: null, error: "refused" } }),
    "failed",
    "session.http.status: expected status 200, got refused",
  ],
  [
    "a session of a run that failed",
    { session: "ready" },
    evidence({ status: "failed", reason: "mesh is broken" }),
    "failed",
    "session: expected ready, got not ready: mesh is broken",
  ],
  [
    "a check that did not end",
    { check: "./x" },
    evidence({ check: { exitCode: null, output: "sh: it took longer than 5m" } }),
    "failed",
    "check: expected exit code 0, got no exit code: sh: it took longer than 5m",
  ],
  ["a check", { check: "./x" }, evidence({ check: { exitCode: 0, output: "" } }), "passed", null],
  [
    "a check that fails",
    { check: "./x" },
    evidence({ check: { exitCode: 3, output: "a\nwrong mesh\n" } }),
    "failed",
    "check: expected exit code 0, got exit code 3: wrong mesh",
  ],
  [
    "a long wait",
    {},
    { type: "inconclusive", reason: "waited 2h in the queue" },
    "not-judged",
    "waited 2h in the queue",
  ],
  ["no run", {}, { type: "no-run", reason: "the server answered 500" }, "error", "the server answered 500"],
];

for (const [what, expect, given, verdict, reason] of ROWS) {
  Deno.test(`${what} is ${verdict}`, () => {
    const judgement = judge({ expect, knownFailures: [] }, given);
    assert.deepEqual([judgement.verdict, judgement.reason], [verdict, reason]);
    assert.equal(judgement.isFailure, verdict === "failed");
    assert.equal(judgement.expectations.some(({ isMet }) => !isMet), verdict === "failed");
  });
}

const TWO: ExpectDocument = { outputs: { "main.energy": 5, "main.note": "ok" } };
const energy = (parts: Partial<ApplicableFailure> = {}) => known({ expectation: "outputs.main.energy", ...parts });

for (
  const [what, expect, knownFailures, given, verdict, isFailure] of [
    ["a known failure of the case", {}, [known()], FAILED, "known-failure", false],
    ["a known failure of the case that passes", {}, [known()], evidence(), "unexpected-pass", true],
    ["one that is not strict", {}, [known({ isStrict: false })], evidence(), "unexpected-pass", false],
    ["a known failure of an expectation", TWO, [energy()], evidence(), "known-failure", false],
    ["another failure beside it", { ...TWO, jobs: { x: "failed" } }, [energy()], evidence(), "failed", true],
    ["one of all outputs", TWO, [known({ expectation: "outputs" })], evidence(), "known-failure", false],
    [
      "an expectation that passes",
      { outputs: { "main.energy": -1.17 } },
      [energy()],
      evidence(),
      "unexpected-pass",
      true,
    ],
    [
      "one that passes beside one that fails",
      { outputs: { "main.energy": -1.17, "main.note": "bad" } },
      [energy(), known({ expectation: "outputs.main.note" })],
      evidence(),
      "unexpected-pass",
      true,
    ],
    [
      "a pass beside an unknown failure",
      { outputs: { "main.energy": -1.17, "main.note": "bad" } },
      [energy()],
      evidence(),
      "failed",
      true,
    ],
    ["a run that failed before", TWO, [energy()], FAILED, "failed", true],
    [
      "a known end before other expectations",
      TWO,
      [known({ expectation: "status" }), energy()],
      FAILED,
      "known-failure",
      false,
    ],
    ["a known failure that was not judged", {}, [known()], { type: "inconclusive", reason: "" }, "not-judged", false],
  ] as const
) {
  Deno.test(`${what} is ${verdict}${isFailure ? ", a failure" : ""}`, () => {
    const judgement = judge({ expect, knownFailures }, given);
    assert.deepEqual([judgement.verdict, judgement.isFailure], [verdict, isFailure]);
  });
}

Deno.test("a known failure names its reason and issue", () => {
  const { reason, expectations } = judge({ expect: {}, knownFailures: [known()] }, FAILED);
  assert.equal(reason, "diverges (#7)");
  assert.deepEqual(expectations[0]?.knownFailure, { reason: "diverges", issue: "#7" });
});
