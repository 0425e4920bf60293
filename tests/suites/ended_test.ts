/** What a suite that has ended leaves in the local history, and what a call that resumes it makes of that. */

import assert from "node:assert/strict";
import { type Clock, fastClock, systemClock } from "../../lib/clock.ts";
import type { SimulatorOptions } from "../../lib/simulator/simulator.ts";
import { isOpen } from "../../lib/submission.ts";
import { type CliStage, cliStage } from "../support/cli_stage.ts";

const YAML = "jobs:\n  main:\n    steps:\n      - name: solve\n        run: solve\n";
const WORKFLOWS = {
  ok: { yaml: YAML, scenario: { "main/solve": { lasts: "5s" } } },
  long: { yaml: YAML, scenario: { "main/solve": { lasts: "3h" } } },
  endless: { yaml: YAML, scenario: { "main/solve": { lasts: "forever" } } },
} satisfies SimulatorOptions["workflows"];

const SESSION = "{ name: notebook, workflow: open-notebook, expect: { session: ready } }";
const ENDLESS = "{ name: endless, workflow: endless, timeout: 9h }";
const OK = "{ name: ok, workflow: ok }";

type OnStep = NonNullable<SimulatorOptions["onStep"]>;

interface JumpingStage extends CliStage {
  /** Two hours pass at once. */
  jump(): void;
}

/** Jumps at the first step that `isReached` accepts. */
async function jumpingStage(
  isReached: (stage: CliStage, ...step: Parameters<OnStep>) => boolean,
): Promise<JumpingStage> {
  const base = fastClock(systemClock, 20);
  let passedMs = 0;
  const jump = () => void (passedMs += 2 * 60 * 60_000);
  const clock: Clock = { ...base, now: () => base.now() + passedMs, monotonic: () => base.monotonic() + passedMs };
  const stage: CliStage = await cliStage({
    workflows: WORKFLOWS,
    clock,
    onStep: (...step) => passedMs === 0 && isReached(stage, ...step) ? jump() : undefined,
  });
  return { ...stage, jump };
}

interface ShownCase {
  readonly name: string;
  readonly verdict: string;
  readonly reason: string | null;
  readonly attempts: readonly { readonly status: string; readonly reason: string | null }[];
}

interface ShownReport {
  readonly exitCode: number;
  readonly kind: string;
  readonly cases?: readonly ShownCase[];
}

async function report(stage: CliStage, cases: readonly string[], ...args: readonly string[]): Promise<ShownReport> {
  const yaml = `version: 1\ncases:\n${cases.map((one) => `  - ${one}\n`).join("")}`;
  const context = { readTextFile: () => Promise.resolve(yaml), appendFile: () => {} };
  const words = ["test", "a.suite.yaml", "--json", "--poll-interval", "1s", "--max-poll-interval", "5s", ...args];
  const { stdout, stderr } = await stage.call(words, { context });
  assert.ok(stdout.startsWith("{"), stderr);
  return JSON.parse(stdout);
}

async function test(
  stage: CliStage,
  cases: readonly string[],
  ...args: readonly string[]
): Promise<readonly ShownCase[]> {
  const { cases: shown = [] } = await report(stage, cases, ...args);
  return shown.map(({ name, verdict, reason, attempts }) => ({
    name,
    verdict,
    reason,
    attempts: attempts.map(({ status, reason }) => ({ status, reason })),
  }));
}

const CUT_OFF = "still running at the deadline, and cancelled";
const READY = { name: "notebook", verdict: "passed", reason: null, attempts: [{ status: "running", reason: null }] };
const CANCELLED = {
  name: "endless",
  verdict: "not-judged",
  reason: CUT_OFF,
  attempts: [{ status: "cancelled", reason: CUT_OFF }],
};
const LATE = { name: "ok", verdict: "not-run", reason: "the deadline of the suite had passed", attempts: [] };
const PASSED = { name: "ok", verdict: "passed", reason: null, attempts: [{ status: "completed", reason: null }] };

Deno.test("after a deadline nothing stays open, and a call that resumes the suite judges sessions and cancelled runs as it did", async () => {
  await using stage = await jumpingStage(({ simulator }, _operation, step) =>
    step === "responded" && simulator.received("submit").length === 3 && simulator.received("cancel-run").length === 1
  );
  // The third is stored, and not accepted before the deadline.
  stage.simulator.addFaults({ on: "submit", after: 2, status: 429, retryAfter: "540" });
  const cases = [SESSION, ENDLESS, OK];
  assert.deepEqual(await test(stage, cases, "--deadline", "1h"), [READY, CANCELLED, LATE]);
  const stored = await stage.submissions();
  assert.deepEqual(stored.map(({ request, state }) => `${request.workflow} ${state}`).toSorted(), [
    "endless finished",
    "ok rejected",
    "open-notebook finished",
  ]);
  assert.deepEqual(await test(stage, cases, "--resume"), [READY, CANCELLED, PASSED]);
  assert.deepEqual((await stage.submissions()).filter(isOpen), []);
  assert.equal(stage.simulator.runs().length, 3);
  const rejudged = await test(stage, cases, "--rejudge");
  assert.deepEqual(rejudged.map(({ verdict }) => verdict), ["not-run", "not-judged", "passed"]);
});

const isPolled = ({ simulator }: CliStage, ...[operation, step]: Parameters<OnStep>) =>
  operation === "get-run" && step === "responded" && simulator.received("submit").length > 0;

Deno.test("a run that could not be cancelled at the deadline is judged by its end when the suite is resumed", async () => {
  await using stage = await jumpingStage(isPolled);
  stage.simulator.addFaults({ on: "cancel-run", status: 403 });
  const cases = ["{ name: long, workflow: long, timeout: 9h }"];
  const [cut] = await test(stage, cases, "--deadline", "1h");
  assert.match(
    cut?.reason ?? "",
    /^the deadline of the suite had passed, and its run long-\w+ could not be cancelled$/,
  );
  assert.deepEqual([cut?.verdict, cut?.attempts.map(({ status }) => status)], ["not-judged", ["stopped"]]);
  assert.deepEqual((await stage.submissions()).map(({ state }) => state), ["active"]);
  stage.jump();
  assert.deepEqual((await test(stage, cases, "--resume")).map(({ verdict }) => verdict), ["passed"]);
});

Deno.test("a run that has ended when it is cancelled at the deadline is not reported as cancelled, and judged when the suite is resumed", async () => {
  const stage = await jumpingStage((stage, ...step) => {
    if (!isPolled(stage, ...step)) return false;
    stage.simulator.overrideStatus(stage.simulator.runs()[0]?.slug ?? "", "completed");
    return true;
  });
  await using _closing = stage;
  const cases = ["{ name: long, workflow: long, timeout: 9h }"];
  const [cut] = await test(stage, cases, "--deadline", "1h");
  assert.match(cut?.reason ?? "", /^the deadline of the suite had passed, and its run long-\w+ has ended unjudged$/);
  assert.deepEqual([cut?.verdict, cut?.attempts.map(({ status }) => status)], ["not-judged", ["stopped"]]);
  assert.deepEqual((await test(stage, cases, "--resume")).map(({ verdict }) => verdict), ["passed"]);
});

Deno.test("a run that is cancelled at the deadline is deleted where its case says so, and stays not judged", async () => {
  await using stage = await jumpingStage(isPolled);
  const cases = [ENDLESS.replace("}", ", cleanup: delete, retries: { max: 1, on: [any] } }")];
  assert.deepEqual(await test(stage, cases, "--deadline", "1h"), [CANCELLED]);
  assert.equal(stage.simulator.received("delete-run").length, 1);
  assert.deepEqual(await test(stage, cases, "--resume"), [CANCELLED]);
  assert.equal(stage.simulator.received("submit").length, 1);
});

Deno.test("a submit whose outcome is not known at the deadline is reported as that", async () => {
  await using stage = await jumpingStage(isPolled);
  stage.simulator.addFaults({ on: "submit", cut: "before-effect" });
  const { exitCode, kind, cases: [cut] = [] } = await report(stage, [ENDLESS], "--deadline", "1h");
  assert.deepEqual([exitCode, kind], [6, "submit_unknown"]);
  assert.match(
    cut?.reason ?? "",
    /^the deadline of the suite had passed, and whether endless-\w+ has started is not known$/,
  );
  assert.deepEqual([cut?.verdict, cut?.attempts.map(({ status }) => status)], ["not-judged", ["unknown"]]);
});
