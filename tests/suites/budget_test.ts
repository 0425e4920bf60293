/**
 * `--budget` and the budget of a suite. Each letter is a case: s runs for 20 seconds, R fails after as long. Nothing depends on
 * how soon the end of a run is noticed.
 */

import assert from "node:assert/strict";
import { createBudgets } from "../../lib/suites/budget.ts";
import { cliStage } from "../support/cli_stage.ts";

const YAML = "jobs:\n  main:\n    steps:\n      - name: solve\n        run: solve\n";
const WORKFLOWS = {
  short: { yaml: YAML, scenario: { "main/solve": { lasts: "20s" } } },
  bad: { yaml: YAML, scenario: { "main/solve": { lasts: "20s", fails: true } } },
};
const FAST = ["--json", "--poll-interval", "1s", "--max-poll-interval", "5s"];
const CASES: Readonly<Record<string, string>> = {
  s: "workflow: short",
  R: "workflow: bad, retries: { max: 1, on: [any] }",
};

function suiteOf(name: string, letters: string, budget?: string): string {
  const cases = [...letters].map((letter, index) => `  - { name: ${letter}${index}, ${CASES[letter]} }\n`);
  return `version: 1\nname: ${name}\n${budget === undefined ? "" : `budget: ${budget}\n`}cases:\n${cases.join("")}`;
}

interface Document {
  readonly cases: readonly {
    readonly verdict: string;
    readonly reason: string | null;
    readonly attempts: readonly unknown[];
  }[];
}

async function budgetStage() {
  const stage = await cliStage({ workflows: WORKFLOWS });
  return {
    ...stage,
    /** How many attempts each case had, and why the others had none. */
    async test(files: Readonly<Record<string, string>>, ...args: readonly string[]) {
      const context = {
        readTextFile: (path: string) => Promise.resolve(files[path] ?? ""),
        appendFile: () => {},
      };
      const { code, stdout, stderr } = await stage.call(["test", ...Object.keys(files), ...FAST, ...args], {
        context,
      });
      assert.match(stdout, /^\{/, stderr);
      const { cases }: Document = JSON.parse(stdout);
      const reasons = cases.filter(({ verdict }) => verdict === "not-run").map(({ reason }) => reason);
      return { code, attempts: cases.map(({ attempts }) => attempts.length).join(""), reasons };
    },
  };
}

for (
  const [letters, jobs, isKnown, budget, wanted, code] of [
    ["sssss", 1, false, "50s", "11100", 8],
    ["sssss", 5, true, "15s", "10000", 8],
    ["sssss", 5, true, "2h", "11111", 0],
    // A failed attempt has used it up: there is no retry, and the attempt decides.
    ["Rs", 1, false, "15s", "10", 1],
    ["Rs", 1, false, "2h", "21", 1],
  ] as const
) {
  Deno.test(`${letters}, ${jobs} at once, ${isKnown ? "known" : "unknown"} durations, --budget ${budget}: ${wanted}`, async () => {
    await using stage = await budgetStage();
    const files = { "a.suite.yaml": suiteOf("nightly", letters) };
    if (isKnown) assert.equal((await stage.test(files)).code, 0);
    const { reasons, ...end } = await stage.test(files, "--jobs", String(jobs), "--budget", budget);
    assert.deepEqual(end, { code, attempts: wanted });
    assert.deepEqual(new Set(reasons), new Set(wanted.includes("0") ? [`budget of ${budget} used up`] : []));
  });
}

Deno.test("the budget of a suite is its own; --budget holds for all suites instead", async () => {
  await using stage = await budgetStage();
  const files = { "a.suite.yaml": suiteOf("a", "sss", "0.01 run-hours"), "b.suite.yaml": suiteOf("b", "sss") };
  assert.equal((await stage.test(files, "--jobs", "1")).attempts, "110111");
  assert.equal((await stage.test(files, "--jobs", "1", "--budget", "70s")).attempts, "111100");
});

for (
  const [what, ran, runningSeconds, usual, isUsedUp] of [
    ["nothing", [], null, null, false],
    ["less than that", [30, 29], null, null, false],
    ["as much as that", [30, 30], null, null, true],
    ["attempts without a run", [null], null, null, false],
    ["a run that has not begun, of unknown duration", [], 0, null, false],
    ["a run that usually takes as long", [], 0, 60, true],
    ["a run that has taken as long", [], 60, 10, true],
    ["a run that will have taken less", [20], 30, 39, false],
    ["a run that will have taken as much with those before it", [20], 30, 40, true],
  ] as const
) {
  Deno.test(`a budget of a minute, and ${what}: it is ${isUsedUp ? "used up" : "left"}`, () => {
    const nowMs = Date.UTC(2026, 0, 5);
    const workingSinceMs = runningSeconds === null ? null : nowMs - runningSeconds * 1_000;
    const state = {
      one: { id: "a", suite: "nightly" },
      attempts: ran.map((runSeconds) => ({ runSeconds })),
      isRunning: runningSeconds !== null,
      workingSinceMs,
      ranSeconds: null,
    };
    const point = {
      atMs: 0,
      verdict: "passed",
      isFailure: false,
      isFlaky: false,
      queueSeconds: null,
      metrics: {},
    } as const;
    const earlier = new Map(usual === null ? [] : [["a", [{ ...point, runSeconds: usual }]]]);
    const whyNot = createBudgets([{ suite: "nightly", limitMs: 60_000 }]);
    assert.equal(whyNot("weekly", [state], { nowMs, earlier }), null);
    assert.equal(whyNot("nightly", [state], { nowMs, earlier }), isUsedUp ? "budget of 1m used up" : null);
    // It stays so, also if those that ran had used less in the end.
    assert.equal(whyNot("nightly", [], { nowMs, earlier }) !== null, isUsedUp);
  });
}

Deno.test("a run that is being judged counts what it has taken, however long judging takes", () => {
  const nowMs = Date.UTC(2026, 0, 5);
  const judging = {
    one: { id: "a", suite: "nightly" },
    attempts: [],
    isRunning: true,
    workingSinceMs: nowMs - 600_000,
  };
  const whyNot = createBudgets([{ suite: "nightly", limitMs: 60_000 }]);
  const facts = { nowMs, earlier: new Map() };
  assert.equal(whyNot("nightly", [{ ...judging, ranSeconds: 59 }], facts), null);
  assert.equal(whyNot("nightly", [{ ...judging, ranSeconds: 60 }], facts), "budget of 1m used up");
});

Deno.test("a log that takes long to be read uses nothing of the budget", async () => {
  await using stage = await budgetStage();
  stage.simulator.addFaults({ on: "read-file", latencyMs: 60_000, times: Infinity });
  const cases = [0, 1, 2].map((index) => `  - { name: c${index}, workflow: short, expect: { log: { lacks: x } } }\n`);
  const files = { "a.suite.yaml": `version: 1\nname: a\ncases:\n${cases.join("")}` };
  assert.equal((await stage.test(files, "--jobs", "1", "--budget", "50s")).attempts, "111");
});
