/** Suites against the simulated platform: each feature, each verdict, the options and the exit codes. */

import assert from "node:assert/strict";
import { type Context, OutputFailed } from "../../lib/cli/context.ts";
import { runIsolated } from "../../lib/cli/run_program.ts";
import type { Simulator, SimulatorOptions } from "../../lib/simulator/simulator.ts";
import type { ReportCase } from "../../lib/reports/report.ts";
import { type CliEnd, type CliStage, cliStage } from "../support/cli_stage.ts";
import { bufferedWriter } from "../support/writer.ts";

const FORM = `on:
  execute:
    inputs:
      n: { type: number, optional: true }
      text: { type: string, optional: true }
      resource: { type: compute-clusters, optional: true }
      password: { type: password, optional: true }
`;
const MAIN = "jobs:\n  main:\n    steps:\n      - name: solve\n        run: solve\n";
const OUTPUTS = {
  energy: "-1.17",
  note: "ok, converged",
  n: "${{ inputs.n }}",
  text: "${{ inputs.text }}",
  energies: "[1.5, -2]",
  table: '{"rows": [{"n": 3}]}',
};
const OK = { lasts: "5s", logs: ["solving", "done"], outputs: OUTPUTS };

const WORKFLOWS = {
  ok: { yaml: FORM + MAIN, scenario: { "main/solve": OK } },
  bad: {
    yaml: FORM + MAIN,
    scenario: {
      "main/solve": {
        lasts: "2s",
        fails: true,
        logs: ["Traceback: boom", "then ##[stop-commands]boom", "::error::mesh is broken"],
        outputs: OUTPUTS,
      },
    },
  },
  slow: { yaml: FORM + MAIN, scenario: { "main/solve": { lasts: "30m" } } },
  queued: { yaml: FORM + MAIN, scenario: { queue: { lasts: "8h" }, "main/solve": OK } },
  "short-queue": { yaml: FORM + MAIN, scenario: { queue: { lasts: "40s" }, "main/solve": { ...OK, lasts: "30s" } } },
  "lost-once": { yaml: FORM + MAIN, scenario: { queue: { lasts: "5s" }, "main/solve": OK } },
} satisfies SimulatorOptions["workflows"];

/** Deletes the first run of each case of this workflow, as if its resource were lost. */
function losingFirst(stageOf: () => Simulator): NonNullable<SimulatorOptions["onStep"]> {
  const lost = new Set<string>();
  return (operation, step) => {
    if (operation !== "submit" || step !== "responded") return;
    const run = stageOf().runs().at(-1);
    const request = stageOf().received("submit").at(-1)?.body;
    const name = JSON.stringify(request).match(/: (flaky \w+)/)?.[1] ?? "";
    if (run?.workflow !== "lost-once" || lost.has(name)) return;
    lost.add(name);
    stageOf().deleteExternally(run.slug);
  };
}

interface SuiteStage extends CliStage {
  /** Calls `test` with these files. */
  test(
    files: Readonly<Record<string, string>>,
    args?: readonly string[],
    env?: Record<string, string>,
    context?: Partial<Context>,
  ): Promise<TestEnd>;
}

interface TestEnd extends CliEnd {
  readonly files: ReadonlyMap<string, string>;
  /** From the report as JSON; names without the suite. */
  readonly verdicts: Readonly<Record<string, string>>;
}

interface JsonReport {
  readonly cases: readonly {
    readonly name: string;
    readonly verdict: string;
    readonly isFlaky: boolean;
    readonly reason: string | null;
  }[];
}

async function suiteStage(options: SimulatorOptions = {}): Promise<SuiteStage> {
  const stage: CliStage = await cliStage({
    workflows: WORKFLOWS,
    onStep: losingFirst(() => stage.simulator),
    ...options,
  });
  const written = new Map<string, string>();
  return {
    ...stage,
    async test(files, args = [], env = {}, more = {}) {
      const context = {
        readTextFile: (path: string) => {
          const text = files[path];
          return text === undefined ? Promise.reject(new Deno.errors.NotFound(path)) : Promise.resolve(text);
        },
        listFiles: (folder: string, _pattern: RegExp, kind = "file") =>
          Promise.resolve(
            kind === "folder"
              ? []
              : Object.keys(files).filter((path) => path.includes(".suite.")).map((path) => `${folder}/${path}`),
          ),
        appendFile: () => {},
        replaceFile: (path: string, text: string) => Promise.resolve(void written.set(path, text)),
        checkReplaceable: () => Promise.resolve(),
        runIsolated,
        ...more,
      };
      const end = await stage.call(["test", ...args], { context, env: { PATH: "/usr/bin:/bin", ...env } });
      let verdicts: Record<string, string> = {};
      if (args.includes("--json") && end.stdout.startsWith("{")) {
        const report: JsonReport = JSON.parse(end.stdout);
        verdicts = Object.fromEntries(
          (report.cases ?? []).map((one) => [one.name, one.isFlaky ? "flaky" : one.verdict]),
        );
      }
      return { ...end, files: written, verdicts };
    },
  };
}

const FAST = ["--json", "--jobs", "80", "--poll-interval", "1s", "--max-poll-interval", "5s"];

type Row = readonly [feature: string, name: string, yaml: string, verdict: string];

/** Feature → case → verdict. Each case is one entry of `cases`. */
const ROWS: readonly Row[] = [
  ["status", "completes", "{ workflow: ok }", "passed"],
  ["status", "fails", "{ workflow: bad }", "failed"],
  ["status", "failure is expected", "{ workflow: bad, expect: { status: failed } }", "passed"],
  ["status", "one of two", "{ workflow: bad, expect: { status: [completed, failed] } }", "passed"],
  ["timeout", "takes too long", "{ workflow: slow, timeout: 20s }", "failed"],
  ["timeout", "timeout is expected", "{ workflow: slow, timeout: 20s, expect: { status: timeout } }", "passed"],
  ["duration", "is fast", "{ workflow: ok, expect: { duration: { max: 10m } } }", "passed"],
  ["duration", "is not that fast", "{ workflow: ok, expect: { duration: { max: 1s } } }", "failed"],
  ["duration", "queue time does not count", "{ workflow: short-queue, expect: { duration: { max: 1m } } }", "passed"],
  ["queue", "queue is too long", "{ workflow: short-queue, expect: { queue: { max: 5s } } }", "failed"],
  ["jobs", "job completes", "{ workflow: ok, expect: { jobs: { main: completed } } }", "passed"],
  ["jobs", "job is missing", "{ workflow: ok, expect: { jobs: { other: completed } } }", "failed"],
  [
    "outputs",
    "number within",
    "{ workflow: ok, expect: { outputs: { main.energy: { about: -1.17, within: 0.1% } } } }",
    "passed",
  ],
  [
    "outputs",
    "number outside",
    "{ workflow: ok, expect: { outputs: { main.energy: { about: -1.3, within: 0.1% } } } }",
    "failed",
  ],
  ["outputs", "text matches", "{ workflow: ok, expect: { outputs: { main.note: { matches: '^ok' } } } }", "passed"],
  [
    "outputs",
    "list element-wise",
    "{ workflow: ok, expect: { outputs: { main.energies: { about: [1.5, -2], within: 0.01 } } } }",
    "passed",
  ],
  ["outputs", "inside an output", "{ workflow: ok, expect: { outputs: { 'main.table.rows[0].n': 3 } } }", "passed"],
  [
    "log",
    "log contains",
    "{ workflow: ok, expect: { log: { job: main, contains: done, lacks: Traceback } } }",
    "passed",
  ],
  ["log", "log lacks it", "{ workflow: ok, expect: { log: { contains: converged } } }", "failed"],
  ["inputs", "number is sent", "{ workflow: ok, inputs: { n: 4 }, expect: { outputs: { main.n: 4 } } }", "passed"],
  [
    "inputs",
    "file and value",
    "{ workflow: ok, inputs: [base.json, { n: 5 }], expect: { outputs: { main.n: 5, main.text: from the file } } }",
    "passed",
  ],
  [
    "env",
    "variable",
    '{ workflow: ok, inputs: { text: "${SUITE_TEXT}!", n: "${SUITE_N}" }, expect: { outputs: { main.text: "${SUITE_TEXT}!", main.n: 7 } } }',
    "passed",
  ],
  ["env", "secret", "{ workflow: ok, inputs: { password: { secret: SUITE_SECRET } } }", "passed"],
  ["session", "session is ready", "{ workflow: open-notebook, expect: { session: ready } }", "passed"],
  [
    "session",
    "session responds",
    "{ workflow: open-notebook, expect: { session: { http: { path: /api, contains: Session open-notebook } } } }",
    "passed",
  ],
  [
    "session",
    "page is missing",
    "{ workflow: open-notebook, expect: { session: { http: { status: 404 } } } }",
    "failed",
  ],
  ["session", "session is missing", "{ workflow: ok, expect: { session: ready } }", "failed"],
  [
    "check",
    "check passes",
    '{ workflow: ok, expect: { check: "grep -q \'\\"status\\":\\"completed\\"\'" } }',
    "passed",
  ],
  ["check", "check fails", "{ workflow: ok, expect: { check: [sh, -c, 'echo wrong mesh; exit 3'] } }", "failed"],
  ["check", "check has no key", "{ workflow: ok, expect: { check: 'test -z \"$PW_API_KEY\"' } }", "passed"],
  ["needs", "generate", "{ workflow: ok, inputs: { n: 12 } }", "passed"],
  [
    "needs",
    "takes its output",
    '{ workflow: ok, needs: generate, inputs: { n: "${cases.generate.outputs.main.n}" }, expect: { outputs: { main.n: 12 } } }',
    "passed",
  ],
  ["needs", "needs a failed one", "{ workflow: ok, needs: fails }", "not-run"],
  ["needs", "needs its end only", "{ workflow: ok, needs: { case: fails, when: finished } }", "passed"],
  [
    "needs",
    "needs a missing output",
    '{ workflow: ok, needs: generate, inputs: { text: "${cases.generate.outputs.main.missing}" } }',
    "error",
  ],
  [
    "setup",
    "uses setup",
    '{ workflow: ok, setup: data, inputs: { text: "${setup.data.outputs.main.note}" }, expect: { outputs: { main.text: "ok, converged" } } }',
    "passed",
  ],
  ["setup", "setup fails", "{ workflow: ok, setup: broken }", "not-run"],
  ["known failures", "diverges", "{ workflow: bad, known-failures: [{ reason: diverges }] }", "known-failure"],
  [
    "known failures",
    "one expectation",
    "{ workflow: ok, expect: { outputs: { main.energy: 5 } }, known-failures: [{ expectation: outputs.main.energy, reason: coarse }] }",
    "known-failure",
  ],
  [
    "known failures",
    "passes by surprise",
    "{ workflow: ok, known-failures: [{ reason: diverges }] }",
    "unexpected-pass",
  ],
  [
    "known failures",
    "passes, not strict",
    "{ workflow: ok, known-failures: [{ reason: diverges, strict: false }] }",
    "unexpected-pass",
  ],
  ["quarantine", "in quarantine", "{ workflow: bad }", "failed"],
  ["requires", "cluster is off", "{ workflow: ok, inputs: { resource: weekendcluster } }", "skipped"],
  ["requires", "other environment", "{ workflow: ok, requires: { environment: prod } }", "skipped"],
  [
    "requires",
    "off does not matter",
    "{ workflow: ok, inputs: { resource: weekendcluster }, requires: { resource: any } }",
    "passed",
  ],
  ["queue-timeout", "waits forever", "{ workflow: queued, queue-timeout: 30s }", "not-judged"],
  ["queue-timeout", "waits and is retried", "{ workflow: queued, queue-timeout: 30s, retries: 1 }", "not-judged"],
  ["retries", "flaky one", "{ workflow: lost-once, retries: 1 }", "flaky"],
  ["retries", "flaky two", "{ workflow: lost-once, retries: { max: 2, on: [any] } }", "flaky"],
  [
    "retries",
    "any failure",
    "{ workflow: ok, retries: { max: 1, on: [any] }, expect: { outputs: { main.energy: 5 } } }",
    "failed",
  ],
  ["trust", "without consent", "{ workflow: needs-consent }", "error"],
  ["trust", "with consent", "{ workflow: needs-consent, trust: true }", "passed"],
  ["cleanup", "is deleted", "{ workflow: ok, cleanup: delete-passed }", "passed"],
  ["cleanup", "is kept after a failure", "{ workflow: bad, cleanup: delete-passed }", "failed"],
];

const SUITE = `version: 1
name: every
env: [SUITE_TEXT, SUITE_N]
environments: { prod: {}, test: {} }
defaults: { timeout: 1h, queue-timeout: 2h }
setup:
  - { name: data, workflow: ok }
  - { name: broken, workflow: bad }
quarantine:
  - { case: in quarantine, reason: slow license server }
cases:
${ROWS.map(([, name, yaml]) => `  - ${yaml.replace("{", `{ name: "${name}",`)}`).join("\n")}
  - name: matrix
    workflow: ok
    matrix:
      n: [1, 2]
      text: [a, { value: b, expect: { outputs: { main.text: b } } }]
      exclude: [{ n: 2, text: b }]
      include: [{ n: 3, text: a }]
`;

const ENV = { SUITE_TEXT: "hello", SUITE_N: "7", SUITE_SECRET: "s3cret-of-the-suite" };
const FILES = { "every.suite.yaml": SUITE, "base.json": '{ "text": "from the file", "n": 1 }' };
const COMPLETED = await (async () => {
  await using stage = await suiteStage();
  const end = await stage.test(
    FILES,
    ["every.suite.yaml", "--env", "test", ...FAST, "--report", "junit=every.xml"],
    ENV,
  );
  return {
    end,
    runs: stage.simulator.runs(),
    requests: stage.simulator.received("submit"),
    deleted: stage.simulator.received("delete-run"),
  };
})();

for (const [feature, name, , verdict] of ROWS) {
  Deno.test(`${feature}: ${name} is ${verdict}`, () => {
    assert.equal(COMPLETED.end.verdicts[name], verdict, `${COMPLETED.end.stderr}\n${reasonOf(name)}`);
  });
}

function reasonOf(name: string): string {
  const report: JsonReport = JSON.parse(COMPLETED.end.stdout);
  return report.cases.find((one) => one.name === name)?.reason ?? "";
}

Deno.test("a suite with failures exits with 1", () => assert.equal(COMPLETED.end.code, 1, COMPLETED.end.stderr));

Deno.test("matrix: a combination that is included twice is one case", async () => {
  await using stage = await suiteStage();
  const matrix = "{ n: [1], include: [{ n: 2 }, { n: 1 }, { n: 2 }] }";
  const suite = `version: 1\ncases:\n  - { name: a, workflow: ok, matrix: ${matrix} }\n`;
  const { stdout, stderr } = await stage.test({ "a.suite.yaml": suite }, ["a.suite.yaml", ...FAST]);
  const { cases }: JsonReport = JSON.parse(stdout);
  assert.deepEqual(cases.map(({ name }) => name), ["a [n=1]", "a [n=2]"]);
  assert.ok(!stderr.includes("Cannot"), stderr);
});

Deno.test("matrix: a secret is sent as its value, and not shown", async () => {
  await using stage = await suiteStage();
  const matrix = "{ password: [{ name: own, value: { secret: SUITE_SECRET } }] }";
  const suite = `version: 1\ncases:\n  - { name: a, workflow: ok, matrix: ${matrix} }\n`;
  const { code, stdout, stderr } = await stage.test({ "a.suite.yaml": suite }, ["a.suite.yaml", ...FAST], ENV);
  assert.equal(code, 0, stderr);
  assert.match(JSON.stringify(stage.simulator.received("submit")), /"password":"s3cret-of-the-suite"/);
  assert.doesNotMatch(stdout + stderr, /s3cret/);
});

Deno.test("matrix: each combination is a case", () => {
  const names = Object.keys(COMPLETED.end.verdicts).filter((name) => name.startsWith("matrix"));
  assert.deepEqual(names, [
    "matrix [n=1, text=a]",
    "matrix [n=1, text=b]",
    "matrix [n=2, text=a]",
    "matrix [n=3, text=a]",
  ]);
  assert.ok(names.every((name) => COMPLETED.end.verdicts[name] === "passed"));
});

Deno.test("matrix: a reference to a key whose value has only a name is that name", async () => {
  await using stage = await suiteStage();
  const matrix = "{ mesh: [{ name: fine, inputs: { n: 2 } }] }";
  const { verdicts } = await stage.test(
    suite(`{ name: a, workflow: ok, matrix: ${matrix}, inputs: { text: 'a \${matrix.mesh} one' } }`),
    FAST,
  );
  assert.deepEqual(verdicts, { "a [mesh=fine]": "passed" });
  assert.match(JSON.stringify(stage.simulator.received("submit")), /"text":"a fine one"/);
});

Deno.test("needs: a part of an output that is JSON is read in inputs as in expectations", async () => {
  await using stage = await suiteStage();
  const needing = (n: string) =>
    `{ name: b, workflow: ok, needs: a, inputs: { n: "\${cases.a.outputs.main.table.${n}}" } }`;
  const read = await stage.test(suite("{ name: a, workflow: ok }", needing("rows[0].n")), FAST);
  assert.deepEqual(read.verdicts, { a: "passed", b: "passed" }, read.stdout);
  assert.match(JSON.stringify(stage.simulator.received("submit").at(-1)), /"n":3/);
  const missing = await stage.test(suite("{ name: a, workflow: ok }", needing("rows[1].n")), FAST);
  assert.match(missing.stdout, /cases\.a has no output main\.table\.rows\[1\]\.n/);
});

Deno.test("quarantine: each entry of a case counts, for the values that it states", async () => {
  await using stage = await suiteStage();
  const file = `version: 1
quarantine:
  - { case: a, reason: the license server is slow, when: { n: 1 } }
  - { case: a, reason: the mesh is rough, when: { n: 2 } }
  - { case: b, reason: it is slow, when: { resource: elsewhere } }
  - { case: b, reason: it is old, when: { resource: a30gpuserver } }
cases:
  - { name: a, workflow: bad, matrix: { n: [1, 2, 3] } }
  - { name: b, workflow: bad, inputs: { resource: a30gpuserver } }
`;
  const { stdout } = await stage.test({ "a.suite.yaml": file }, FAST);
  const { cases }: { readonly cases: readonly ReportCase[] } = JSON.parse(stdout);
  assert.deepEqual(cases.filter(({ isQuarantined }) => isQuarantined).map(({ name }) => name), [
    "a [n=1]",
    "a [n=2]",
    "b",
  ]);
});

for (const http of ["contains: ready", "status: 200", "contains: x"]) {
  Deno.test(`session: of an answer that never ends, as much is read as { ${http} } needs`, async () => {
    await using stage = await suiteStage();
    let sent = 0;
    const endless = () =>
      new ReadableStream({
        pull(controller) {
          sent += 100_000;
          // The end that a test needs: it is not reached.
          if (sent > 100_000_000) controller.close();
          else controller.enqueue(new TextEncoder().encode("ready ".padEnd(100_000)));
        },
      });
    const fetch: typeof globalThis.fetch = (input, init) =>
      String(input).includes("/me/session/") ? Promise.resolve(new Response(endless())) : globalThis.fetch(input, init);
    const files = suite(`{ name: a, workflow: open-notebook, expect: { session: { http: { ${http} } } } }`);
    const { verdicts, stdout } = await stage.test(files, FAST, {}, { fetch });
    const isFound = http !== "contains: x";
    assert.deepEqual(verdicts, { a: isFound ? "passed" : "failed" }, stdout);
    assert.ok(sent < (isFound ? 500_000 : 10_000_000), `${sent} bytes were read`);
  });
}

Deno.test("setup: it ran once, and its failure is one failure", () => {
  assert.equal(COMPLETED.end.verdicts["setup data"], "passed");
  assert.equal(COMPLETED.end.verdicts["setup broken"], "failed");
  assert.equal(reasonOf("setup fails"), "setup broken failed");
});

Deno.test("each verdict occurs at least twice", () => {
  const counts = Map.groupBy(Object.values(COMPLETED.end.verdicts), (verdict) => verdict);
  for (
    const verdict of [
      "passed",
      "failed",
      "known-failure",
      "unexpected-pass",
      "flaky",
      "skipped",
      "not-judged",
      "not-run",
      "error",
    ]
  ) {
    assert.ok((counts.get(verdict)?.length ?? 0) >= 2, `${verdict}: ${counts.get(verdict)?.length}`);
  }
});

Deno.test("reasons name what was expected, and what was not run", () => {
  assert.equal(reasonOf("number outside"), "outputs.main.energy: expected about -1.3, within 0.1%, got -1.17");
  assert.equal(reasonOf("check fails"), "check: expected exit code 0, got exit code 3: wrong mesh");
  assert.equal(reasonOf("cluster is off"), "weekendcluster is off");
  assert.equal(reasonOf("waits forever"), "waited 30s in the queue");
  assert.equal(reasonOf("needs a failed one"), "fails failed");
});

Deno.test("cleanup: only the run of the case that passed was deleted", () => {
  assert.equal(COMPLETED.deleted.length, 1);
});

Deno.test("cleanup: delete deletes the runs of all attempts, delete-passed only that which passed, also when it is repeated", async () => {
  await using stage = await suiteStage();
  const files = suite(
    "{ name: both, workflow: bad, cleanup: delete, retries: { max: 1, on: [any] } }",
    "{ name: flaky, workflow: ok, cleanup: delete-passed, retries: { max: 1, on: [any] }, expect: { check: [odd] } }",
    "{ name: flaky a, workflow: lost-once, cleanup: delete, retries: 1 }",
  );
  let checks = 0;
  const runIsolated = () => {
    return Promise.resolve({ type: "ended", code: ++checks === 1 ? 1 : 0, stdout: "", stderr: "" } as const);
  };
  const { verdicts, stderr } = await stage.test(files, FAST, {}, { runIsolated });
  assert.deepEqual(verdicts, { both: "failed", flaky: "flaky", "flaky a": "flaky" });
  assert.doesNotMatch(stderr, /Cannot delete/);
  const { stdout } = await stage.call(["runs", "--since", "1h", "--json"]);
  const left: readonly { readonly workflowName: string }[] = JSON.parse(stdout).runs;
  assert.deepEqual(left.map(({ workflowName }) => workflowName), ["ok"], stdout);
  const again = await stage.test(files, [...FAST, "--resume"], {}, { runIsolated });
  assert.doesNotMatch(again.stderr, /Cannot/);
  assert.equal(stage.simulator.runs().length, 6);
});

Deno.test("a run past its limits was cancelled, and a session after its check", () => {
  const status = (workflow: string) =>
    COMPLETED.runs.filter((run) => run.workflow === workflow).map(({ status }) => status);
  assert.deepEqual(status("slow"), ["canceled", "canceled"]);
  assert.deepEqual(status("queued"), ["canceled", "canceled", "canceled"]);
  assert.deepEqual(status("open-notebook"), ["canceled", "canceled", "canceled"]);
});

Deno.test("a secret of a suite is in none of its outputs", () => {
  const { stdout, stderr, files } = COMPLETED.end;
  assert.ok(JSON.stringify(COMPLETED.requests).includes(ENV.SUITE_SECRET));
  for (const text of [stdout, stderr, ...files.values()]) assert.ok(!text.includes(ENV.SUITE_SECRET));
});

Deno.test("JUnit has a testcase for each case", () => {
  const junit = COMPLETED.end.files.get("every.xml") ?? "";
  assert.equal(junit.match(/<testcase /g)?.length, Object.keys(COMPLETED.end.verdicts).length);
});

const suite = (...cases: readonly string[]) => ({
  "a.suite.yaml": `version: 1\ncases:\n${cases.map((one) => `  - ${one}\n`).join("")}`,
});
const [PASSES, FAILS] = ["{ name: good, workflow: ok, tags: [t] }", "{ name: bad, workflow: bad }"];
const OFF = "{ name: off, workflow: ok, inputs: { resource: weekendcluster } }";
const LOST = "{ name: flaky one, workflow: lost-once, retries: 1 }";

for (
  const [what, files, args, code, verdicts] of [
    ["all passed", suite(PASSES), [], 0, { good: "passed" }],
    ["a failure", suite(PASSES, FAILS), [], 1, { good: "passed", bad: "failed" }],
    ["a skipped case beside one that passed", suite(PASSES, OFF), [], 0, { good: "passed", off: "skipped" }],
    ["nothing judged", suite(OFF), [], 8, { off: "skipped" }],
    ["too many skipped", suite(PASSES, OFF), ["--max-skipped", "0"], 1, { good: "passed", off: "skipped" }],
    ["a resource that is required", suite(PASSES, OFF), ["--require-resources"], 1, { good: "passed", off: "error" }],
    ["not judged", suite(PASSES, "{ name: q, workflow: queued, queue-timeout: 20s }"), [], 8, {
      good: "passed",
      q: "not-judged",
    }],
    ["flaky", suite(LOST), [], 0, { "flaky one": "flaky" }],
    ["flaky, which is not allowed", suite(LOST), ["--fail-on-flaky"], 1, { "flaky one": "flaky" }],
    ["--tag", suite(PASSES, FAILS), ["--tag", "t"], 0, { good: "passed" }],
    ["--case", suite(PASSES, FAILS, "{ name: other, workflow: ok, needs: good }"), ["--case", "oth*"], 0, {
      good: "passed",
      other: "passed",
    }],
    ["--set", suite("{ name: s, workflow: slow }"), ["--set", "case.timeout=20s"], 1, { s: "failed" }],
    [
      "--fail-fast",
      suite("{ name: bad, workflow: bad }", PASSES, "{ name: c, workflow: ok }"),
      ["--fail-fast", "--jobs", "1"],
      1,
      { bad: "failed", good: "not-run", c: "not-run" },
    ],
    [
      "--max-failures",
      suite("{ name: bad, workflow: bad }", "{ name: b, workflow: bad }", PASSES),
      ["--max-failures", "2", "--jobs", "1"],
      1,
      { bad: "failed", b: "failed", good: "not-run" },
    ],
    ["--repeat", suite(PASSES), ["--repeat", "2"], 0, { "good": "passed", "good #2": "passed" }],
    ["--deadline", suite("{ name: s, workflow: slow }", PASSES), ["--deadline", "30s", "--jobs", "1"], 8, {
      s: "not-judged",
      good: "not-run",
    }],
    ["--retries-threshold", suite(LOST), ["--retries-threshold", "30%"], 8, { "flaky one": "not-judged" }],
    ["--shard 1/2", suite(PASSES, FAILS), ["--shard", "1/2"], 0, { good: "passed" }],
    ["--shard 2/2", suite(PASSES, FAILS), ["--shard", "2/2"], 1, { bad: "failed" }],
  ] as const
) {
  Deno.test(`${what} exits with ${code}`, async () => {
    await using stage = await suiteStage();
    const end = await stage.test(files, [...FAST, ...args]);
    assert.deepEqual(end.verdicts, verdicts, end.stderr + end.stdout);
    assert.equal(end.code, code, end.stderr);
    const document = JSON.parse(end.stdout);
    assert.equal(document.exitCode, code);
    if (args.some((arg) => arg === "--deadline")) {
      assert.ok(stage.simulator.runs().every(({ status }) => status !== "running"));
    }
  });
}

for (
  const [what, files, args, code, message] of [
    [
      "a mistake in the file",
      suite("{ name: a, workflow: ok, tag: x }"),
      [],
      2,
      /a\.suite\.yaml:3:30 {2}cases\[0\]\.tag/,
    ],
    ["an unknown workflow", suite("{ name: a, workflow: no-such }"), [], 2, /no-such/],
    ["invalid inputs", suite("{ name: a, workflow: ok, inputs: { n: many } }"), [], 2, /a: n must be a number/],
    [
      "a variable that is not set",
      {
        "a.suite.yaml":
          "version: 1\nenv: [NOT_SET]\ncases: [{ name: a, workflow: ok, inputs: { text: '${NOT_SET}' } }]\n",
      },
      [],
      2,
      /NOT_SET is not set/,
    ],
    [
      "a pattern that is none once its variables are replaced",
      suite("{ name: a, workflow: ok, matrix: { text: ['('] }, expect: { log: { matches: '${matrix.text}' } } }"),
      [],
      2,
      /a\.suite\.yaml:3:\d+ {2}cases\[0\] {2}expect\.log\.matches is no regular expression: Unterminated group/,
    ],
    [
      "a matrix of which nothing is left",
      suite("{ name: a, workflow: ok }", "{ name: b, workflow: ok, matrix: { n: [1], exclude: [{ n: 1 }] } }"),
      [],
      2,
      /a\.suite\.yaml:4:\d+ {2}cases\[1\]\.matrix\.exclude {2}leaves no combination of the matrix/,
    ],
    [
      "a case whose matrix has a value that the case it needs lacks",
      suite(
        "{ name: mesh, workflow: ok, matrix: { n: [1, 2] } }",
        "{ name: solve, workflow: ok, needs: mesh, matrix: { n: [1, 3] } }",
      ),
      [],
      2,
      /a\.suite\.yaml:4:\d+ {2}cases\[1\]\.needs {2}mesh is not run with n=3/,
    ],
    [
      "an output of a case that is run with several values",
      suite(
        "{ name: mesh, workflow: ok, matrix: { n: [1, 2] } }",
        '{ name: solve, workflow: ok, needs: mesh, inputs: { text: "${cases.mesh.outputs.main.n}" } }',
      ),
      [],
      2,
      /a\.suite\.yaml:4:\d+ {2}cases\[1\]\.needs {2}.*mesh \[n=1\] and mesh \[n=2\]/,
    ],
    [
      "a case with the name of a setup run",
      {
        "a.suite.yaml":
          `version: 1\nsetup: [{ name: data, workflow: ok }]\ncases: [{ name: setup data, workflow: ok }]\n`,
      },
      [],
      2,
      /a\.suite\.yaml:3:17 {2}cases\[0\]\.name {2}must be unique: reports name setup\[0\] "setup data", too/,
    ],
    [
      "a case without a workflow outside of its environments",
      { "a.suite.yaml": "version: 1\nenvironments: { prod: { workflow: ok } }\ncases: [{ name: a }]\n" },
      [],
      2,
      /a\.suite\.yaml:3:\d+ {2}cases\[0\] {2}has no workflow: only environments name one \(--env\), or its variable is empty/,
    ],
    ["a history on stdout", suite(PASSES), ["--history", "-"], 2, /Cannot write to -: it is not the name of a folder/],
    ["an unknown environment", suite(PASSES), ["--env", "prod"], 2, /no suite has this environment/],
    ["no case", suite(PASSES), ["--case", "god"], 2, /Did you mean "good"\?/],
    ["a wrong limit of skips", suite(PASSES), ["--max-skipped", "some"], 2, /Cannot use --max-skipped some/],
    ["a wrong shard", suite(PASSES), ["--shard", "3/2"], 2, /--shard 3\/2/],
    ["a wrong report", suite(PASSES), ["--report", "html"], 2, /junit=FILE/],
    [
      "one file for two reports",
      suite(PASSES),
      ["--report", "junit=a.out", "--report", "html=a.out"],
      2,
      /Cannot write two reports to a\.out/,
    ],
    [
      "a report in place of its suite",
      suite(PASSES),
      ["a.suite.yaml", "--report", "junit=./a.suite.yaml"],
      2,
      /Cannot write \.\/a\.suite\.yaml: the command reads this file/,
    ],
    [
      "a report in place of an input file",
      { ...suite("{ name: a, workflow: ok, inputs: in.json }"), "in.json": "{}" },
      ["--report", "ctrf=in.json"],
      2,
      /Cannot write in\.json: the command reads this file/,
    ],
    [
      "a report in place of a file of references",
      {
        ...suite("{ name: a, workflow: ok, metrics: {}, reference: refs.yaml }"),
        "refs.yaml": "version: 1\nreference: {}",
      },
      ["--report", "junit=refs.yaml"],
      2,
      /Cannot write refs\.yaml: the command reads this file/,
    ],
    [
      "a report in place of a quarantine file",
      {
        "a.suite.yaml": `version: 1\nquarantine: q.yaml\ncases:\n  - ${PASSES}\n`,
        "q.yaml": "version: 1\nquarantine: []",
      },
      ["--report", "html=q.yaml"],
      2,
      /Cannot write q\.yaml: the command reads this file/,
    ],
    ["a wrong override", suite(PASSES), ["--set", "case.timeout=5"], 2, /must be a duration/],
  ] as const
) {
  Deno.test(`${what} exits with ${code} before anything is submitted`, async () => {
    await using stage = await suiteStage();
    const end = await stage.test(files, args);
    assert.equal(end.code, code, end.stderr);
    assert.match(end.stderr, message);
    assert.equal(stage.simulator.received("submit").length, 0);
  });
}

Deno.test("a report that cannot be written takes neither the other reports nor the answer with it", async () => {
  await using stage = await suiteStage();
  const written = new Map<string, string>();
  const replaceFile = (path: string, text: string) =>
    path.startsWith("full/")
      ? Promise.reject(Object.assign(new Error("ENOSPC"), { code: "ENOSPC" }))
      : Promise.resolve(void written.set(path, text));
  const reports = ["--report", "junit=full/a.xml", "--report", "ctrf=b.json", "--history", "full/history"];
  const appendFile = (path: string, text: string) => void written.set(path, (written.get(path) ?? "") + text);
  const call = async (...args: readonly string[]) => {
    const env = { GITHUB_OUTPUT: "outputs", GITHUB_STEP_SUMMARY: "summary" };
    const all = ["a.suite.yaml", "--max-poll-interval", "2s", ...reports, ...args];
    return await stage.test(suite(PASSES, FAILS), all, env, {
      replaceFile,
      appendFile,
      listFiles: () => Promise.resolve([]),
    });
  };
  const text = await call();
  assert.equal(text.code, 7, text.stderr);
  assert.match(text.stderr, /^Cannot write full\/a\.xml: no space left on the disk/m);
  assert.match(text.stderr, /^Cannot write full\/history\/run-01\.json: no space left on the disk/m);
  assert.equal(text.stderr.match(/--rejudge/g)?.length, 1, text.stderr);
  assert.match(text.stdout, /✗ a: 1 passed, 1 failed/);
  assert.equal(JSON.parse(written.get("b.json") ?? "").results.summary.tests, 2);
  const json = await call("--json");
  const { exitCode, kind, submitted, counts } = JSON.parse(json.stdout);
  assert.deepEqual([json.code, exitCode, kind, submitted, counts.total], [7, 7, "machine_failed", "yes", 2]);
  assert.equal((await call("--report", "github")).code, 7);
  assert.match(written.get("outputs") ?? "", /^exit-code<<.*\n7$/m);
});

Deno.test("an answer that cannot be written exits with 7, with the counts on stderr", async () => {
  await using stage = await suiteStage();
  const stdout = {
    isTerminal: false,
    columns: () => 80,
    rows: () => 24,
    write: () => {
      throw new OutputFailed("Cannot write the output: no space left on the disk");
    },
  };
  let outputs = "";
  const appendFile = (path: string, text: string) => void (outputs += path === "outputs" ? text : "");
  const env = { GITHUB_OUTPUT: "outputs", GITHUB_STEP_SUMMARY: "summary" };
  const end = await stage.test(suite(PASSES), [...FAST, "--report", "github"], env, { stdout, appendFile });
  assert.equal(end.code, 7, end.stderr);
  assert.match(outputs, /^exit-code<<.*\n7$/m);
  assert.match(outputs, /^passed<<.*\n1$/m);
  assert.match(end.stderr, /Cannot write the output[^]*a: 1 passed[^]*--rejudge/);
});

Deno.test("a case whose log cannot be read is not judged by an empty one", async () => {
  await using stage = await suiteStage();
  stage.simulator.addFaults({ on: "read-file", status: 503, times: Infinity });
  const lacks = "{ name: lacks, workflow: ok, expect: { log: { lacks: Traceback } } }";
  const end = await stage.test(suite(lacks, "{ name: other, workflow: ok }"), FAST);
  assert.deepEqual(end.verdicts, { lacks: "not-judged", other: "passed" });
  assert.match(end.stdout, /Cannot read logs\/main\/step_0\/logs\.out of run/);
});

Deno.test("the log of a job inside another is named by their path, as the job alone is", async () => {
  const outer = {
    yaml: "on:\n  execute: {}\njobs:\n  main:\n    steps:\n      - { name: call, uses: workflow/inner }\n",
    scenario: { "main/call/deep/solve": { lasts: "2s", logs: ["Rate: 5", "done"] } },
  };
  const inner = "on:\n  execute: {}\njobs:\n  deep:\n    steps:\n      - { name: solve, run: solve }\n";
  await using stage = await suiteStage({ workflows: { outer, inner } });
  const metrics = "{ rate: { from: { log: 'main › deep' }, regex: 'Rate: (.*)' } }";
  const end = await stage.test(
    suite(
      "{ name: alone, workflow: outer, expect: { log: { job: deep, contains: done } } }",
      "{ name: path, workflow: outer, expect: { log: { job: 'main › deep', contains: done } } }",
      `{ name: metric, workflow: outer, metrics: ${metrics}, reference: { "*": { rate: { value: 5 } } } }`,
    ),
    FAST,
  );
  assert.deepEqual(end.verdicts, { alone: "passed", path: "passed", metric: "passed" }, end.stdout);
});

Deno.test("a reference of the suite judges its cases, not its setup", async () => {
  await using stage = await suiteStage();
  const file = `version: 1
setup: [{ name: data, workflow: ok }]
metrics: { n: { from: { output: main.n } } }
reference: { "*": { n: { value: 4 } } }
cases:
  - { name: good, workflow: ok, setup: data, inputs: { n: 4 } }
  - { name: bad, workflow: ok, setup: data }
`;
  const { verdicts, stdout } = await stage.test({ "a.suite.yaml": file }, FAST);
  assert.deepEqual(verdicts, { "setup data": "passed", good: "passed", bad: "failed" }, stdout);
});

Deno.test("the command that repeats a setup run or a repetition selects it", async () => {
  await using stage = await suiteStage();
  const files = {
    "a.suite.yaml": `version: 1
setup: [{ name: data, workflow: bad }]
cases:
  - { name: needing, workflow: ok, setup: data }
  - { name: twice, workflow: bad, matrix: { n: [1] } }
`,
  };
  const { stdout } = await stage.test(files, ["--jobs", "80", "--repeat", "2"]);
  const names = [...stdout.matchAll(/^ *Repeat: .* --case (?:(["'])(.*)\1|(\S+))$/gm)].map(([, , quoted, bare]) =>
    quoted ?? bare
  );
  assert.deepEqual(names, ["setup data", "twice [n=1]", "twice [n=1]", "needing", "needing"]);
  for (const name of new Set(names)) {
    const listed = await stage.test(files, ["--list", "--case", name ?? ""]);
    assert.ok(listed.stdout.split("\n").some((line) => line.endsWith(`: ${name}`)), listed.stderr);
  }
});

Deno.test("--list and --dry-run submit nothing", async () => {
  await using stage = await suiteStage();
  const files = suite(
    PASSES,
    OFF,
    "{ name: c, workflow: ok, needs: good, inputs: base.json }",
    "{ name: d, workflow: ok, inputs: { n: 1 }, matrix: { n: [2] } }",
  );
  const all = { ...files, "base.json": "{}" };
  const list = await stage.test(all, ["--list"]);
  assert.equal(list.stdout, "a: good  (t)\na: off\na: c\na: d [n=2]\n");
  const plan = await stage.test(all, ["--dry-run"]);
  assert.match(plan.stdout, /^run {3}a: good\n/);
  assert.match(plan.stdout, /^skip {2}a: off {2}\(weekendcluster is off\)\n/m);
  assert.match(plan.stdout, /workflow ok; inputs from base\.json; after good/);
  assert.match(plan.stdout, /a: d \[n=2\]\n {6}workflow ok; inputs from a\.suite\.yaml:\d+\n/);
  assert.match(plan.stdout, /^No estimate: 3 cases without a run that passed$/m);
  assert.equal(stage.simulator.received("submit").length, 0);
});

Deno.test("a file of the history that cannot be read is ignored, with a warning", async () => {
  await using stage = await suiteStage();
  const listFiles = () => Promise.resolve(["history/gone.json"]);
  const end = await stage.test(suite(PASSES), ["a.suite.yaml", ...FAST, "--history", "history"], {}, { listFiles });
  assert.equal(end.code, 0, end.stderr);
  assert.match(end.stderr, /history\/gone\.json cannot be read: no such file: it is ignored/);
});

Deno.test("the table at a terminal shows what the cases are judged to be, not how their runs ended", async () => {
  await using stage = await suiteStage();
  const files = suite(
    "{ name: fails as expected, workflow: bad, expect: { status: failed } }",
    "{ name: wrong energy, workflow: ok, expect: { outputs: { main.energy: 5 } } }",
    "{ name: later, workflow: short-queue }",
  );
  const stderr = bufferedWriter({ isTerminal: true, columns: 100 });
  const args = ["--no-color", "--poll-interval", "1s", "--max-poll-interval", "5s"];
  assert.equal((await stage.test(files, args, {}, { stderr })).code, 1);
  assert.match(
    stderr.text(),
    /\b1 failed[^]*\b1 +completed .*fails as expected *\n.*\b2 +failed .*wrong energy +outputs\.main\.energy: expected/,
  );
});

Deno.test("the table at a terminal does not list a skipped case among those that changed", async () => {
  await using stage = await suiteStage();
  const files = suite(
    ...[1, 2, 3, 4].map((number) => `{ name: c${number}, workflow: ok }`),
    "{ name: cluster is off, workflow: ok, inputs: { resource: weekendcluster } }",
  );
  const stderr = bufferedWriter({ isTerminal: true, columns: 100, rows: 8 });
  assert.equal((await stage.test(files, ["--no-color", "--poll-interval", "1s"], {}, { stderr })).code, 0);
  assert.match(stderr.text(), /running .*c4/);
  assert.doesNotMatch(stderr.text(), /waiting .*cluster is off/);
});

Deno.test("--order random is repeated by its seed", async () => {
  await using stage = await suiteStage();
  const files = suite(...Array.from({ length: 9 }, (_, index) => `{ name: c${index}, workflow: ok }`));
  const orders = [];
  for (const seed of ["1", "1", "2"]) {
    orders.push((await stage.test(files, ["--list", "--order", "random", "--seed", seed])).stdout);
  }
  assert.equal(orders[0], orders[1]);
  assert.notEqual(orders[0], orders[2]);
});

Deno.test("cases that share a lock do not run at the same time", async () => {
  await using stage = await suiteStage();
  const end = await stage.test(suite("{ name: a, workflow: ok, lock: l }", "{ name: b, workflow: ok, lock: l }"), FAST);
  assert.deepEqual(end.verdicts, { a: "passed", b: "passed" });
  const [first, second] = stage.simulator.received("submit");
  assert.ok((second?.atMs ?? 0) - (first?.atMs ?? 0) >= 5_000);
});

Deno.test("text: a line for each case, then the failures with the command that repeats them", async () => {
  await using stage = await suiteStage();
  const end = await stage.test(suite(PASSES, FAILS), ["--max-poll-interval", "2s"]);
  assert.match(end.stderr, /^✓ good {2}passed {2}\(ran [\dm ]+s, (queued [\dm ]+s, )?ok-\w+\)$/m);
  assert.match(end.stderr, /^✗ bad {2}failed/m);
  assert.match(end.stdout, /expected completed, got failed: .*mesh is broken\n/);
  assert.match(end.stdout, /^ {4}│ Traceback: boom$/m);
  assert.match(end.stdout, /^ {4}Repeat: pw-workflow-runner test a\.suite\.yaml --case bad$/m);
  assert.match(end.stdout, /^✗ a: 1 passed, 1 failed in [\dm ]+s$/m);
});

Deno.test("inputs that a workflow does not have are a warning before the first run", async () => {
  await using stage = await suiteStage();
  const end = await stage.test(suite("{ name: a, workflow: ok, inputs: { txet: x } }"), FAST);
  assert.match(end.stderr, /^! .*txet {2}unknown field: did you mean "text"\? \(1 case\)$/m);
  assert.deepEqual(end.verdicts, { a: "passed" });
  const cases = ["txet: x", "txet: x, text: []"].map((inputs, n) =>
    `{ name: a${n}, workflow: ok, inputs: { ${inputs} } }`
  );
  const invalid = await stage.test(suite(...cases), FAST);
  assert.equal(invalid.code, 2);
  assert.match(invalid.stderr, /^ {2}! .*txet {2}unknown field: did you mean "text"\? \(2 cases\)$/m);
});

Deno.test("in a job of GitHub Actions, failures are groups and annotations", async () => {
  await using stage = await suiteStage();
  const end = await stage.test(suite(PASSES, FAILS), ["--max-poll-interval", "2s"], { GITHUB_ACTIONS: "true" });
  assert.match(end.stderr, /^::group::✗ bad {2}failed.*$/m);
  assert.match(end.stderr, /^::error title=a%3A bad failed::expected completed, got failed/m);
  assert.doesNotMatch(end.stderr, /^ *::error::|##\[/m);
});

Deno.test("in a job of GitHub Actions, no line of a log in an answer is a workflow command", async () => {
  await using stage = await suiteStage();
  const job = { GITHUB_ACTIONS: "true" };
  const end = await stage.test(suite(FAILS), ["--max-poll-interval", "2s"], job);
  assert.match(end.stdout, /│ then ##.?\[stop-commands\]boom\n/);
  assert.doesNotMatch(end.stdout, /^ *::|##\[/m);
  const run = await stage.call(["run", "bad", "--max-poll-interval", "2s"], { env: job });
  assert.match(run.stdout, /stop-commands\]boom/);
  assert.doesNotMatch(run.stdout + run.stderr, /^ *::|##\[/m);
  assert.match((await stage.call(["run", "bad", "--max-poll-interval", "2s"])).stdout, /then ##\[stop-commands\]boom/);
  const [json, yaml, events] = await Promise.all(["--json", "--output=yaml", "--events"].map(async (format) => {
    const { stdout } = await stage.call(["run", "bad", "--max-poll-interval", "2s", format], { env: job });
    assert.doesNotMatch(stdout, /^ *::|##\[/m);
    return stdout;
  }));
  const lines = (text = "") => JSON.parse(text).failure.failedJobs[0].failedSteps[0].logTail;
  assert.deepEqual([lines(json)[1], lines(yaml)[1]], Array(2).fill("then ##[stop-commands]boom"));
  assert.match(events ?? "", /then ##\\u005bstop-commands/);
});

const CHAIN = suite(
  "{ name: first, workflow: ok, inputs: { n: 3 } }",
  "{ name: other, workflow: ok }",
  '{ name: second, workflow: ok, needs: first, inputs: { n: "${cases.first.outputs.main.n}" }, expect: { outputs: { main.n: 3 } } }',
);

Deno.test("the same failure twice in a row is not retried again by --resume either", async () => {
  await using stage = await suiteStage();
  const files = suite(
    "{ name: a, workflow: ok, retries: { max: 3, on: [any] }, expect: { outputs: { main.n: 4 } } }",
    "{ name: b, workflow: bad, retries: { max: 3, on: [any] } }",
  );
  assert.deepEqual((await stage.test(files, FAST)).verdicts, { a: "failed", b: "failed" });
  assert.equal(stage.simulator.runs().length, 4);
  assert.deepEqual((await stage.test(files, [...FAST, "--resume"])).verdicts, { a: "failed", b: "failed" });
  assert.equal(stage.simulator.runs().length, 4);
});

Deno.test("--last-failed selects a case of which a repetition failed, and not one whose repetitions are older", async () => {
  await using stage = await suiteStage();
  const files = suite("{ name: a, workflow: ok, expect: { check: [odd] } }");
  const runIsolated = ({ stdin }: { readonly stdin: string }) => {
    const code = JSON.parse(stdin).case === "a #2" ? 1 : 0;
    return Promise.resolve({ type: "ended", code, stdout: "", stderr: "" } as const);
  };
  const test = async (...args: readonly string[]) =>
    (await stage.test(files, [...FAST, ...args], {}, { runIsolated })).verdicts;
  assert.deepEqual(await test("--repeat", "2"), { a: "passed", "a #2": "failed" });
  assert.deepEqual(await test("--last-failed"), { a: "passed" });
  assert.deepEqual(await test("--last-failed"), {});
});

Deno.test("where inputs depend on another run, those that are known are checked before it, and all of them after it", async () => {
  await using stage = await suiteStage();
  const files = suite(
    "{ name: first, workflow: ok, inputs: { n: 3 } }",
    '{ name: second, workflow: ok, needs: first, inputs: { n: many, text: "${cases.first.outputs.main.n}" } }',
  );
  const problem = 'n must be a number: got "many"';
  const plan = await stage.test(files, ["--dry-run"]);
  assert.match(plan.stderr, new RegExp(`${problem.replace(" ", " +")} \\(1 case\\)`));
  const end = await stage.test(files, FAST);
  assert.deepEqual(end.verdicts, { first: "passed", second: "error" });
  const [, second]: readonly ReportCase[] = JSON.parse(end.stdout).cases;
  assert.equal(second?.reason, `Cannot run ok: 1 problem with its inputs, nothing was submitted; ${problem}`);
});

Deno.test("where inputs depend on another run, the cluster that the case names counts all the same", async () => {
  const yaml =
    `on:\n  execute:\n    inputs:\n      resource: { type: compute-clusters }\n      note: { type: string }\n${MAIN}`;
  await using stage = await suiteStage({
    workflows: { ...WORKFLOWS, placed: { yaml, scenario: { "main/solve": OK } } },
  });
  const first = "{ name: first, workflow: ok, inputs: { n: 3 } }";
  const inputs = (resource: string) => `inputs: { resource: ${resource}, note: "\${cases.first.outputs.main.n}" }`;
  const files = suite(
    first,
    `{ name: slow, workflow: placed, needs: first, ${
      inputs("a30gpuserver")
    }, reference: { a30gpuserver: { duration: { value: 1 } } } }`,
    `{ name: off, workflow: placed, needs: first, ${inputs("weekendcluster")} }`,
  );
  assert.deepEqual((await stage.test(files, FAST)).verdicts, { first: "passed", slow: "failed", off: "skipped" });
});

Deno.test("needs, --shard and --resume combine", async () => {
  await using stage = await suiteStage();
  const shard = (part: string, ...args: readonly string[]) => stage.test(CHAIN, [...FAST, "--shard", part, ...args]);
  assert.deepEqual((await shard("1/2")).verdicts, { first: "passed", second: "passed" });
  assert.equal(stage.simulator.runs().length, 2);
  const resumed = await shard("1/2", "--resume");
  assert.deepEqual(resumed.verdicts, { first: "passed", second: "passed" });
  assert.equal(stage.simulator.runs().length, 2);
  const other = await shard("2/2", "--resume");
  assert.deepEqual(other.verdicts, { other: "passed" });
  assert.match(other.stderr, /Nothing to resume/);
  assert.equal(stage.simulator.runs().length, 3);
  await shard("1/2");
  assert.equal(stage.simulator.runs().length, 5);
});

Deno.test("an interrupted suite writes its report, and is resumed without submitting again", async () => {
  let interrupt = (_signal: "SIGINT") => {};
  let isInterruptible = false;
  await using stage = await suiteStage({
    onStep(operation, step) {
      // The run is known, and continues.
      if (!isInterruptible || operation !== "get-run" || step !== "arrived") return;
      if (stage.simulator.runs().length === 0) return;
      isInterruptible = false;
      interrupt("SIGINT");
    },
  });
  const files = suite("{ name: a, workflow: slow, timeout: 2h }", "{ name: b, workflow: ok, needs: a }");
  const interrupted = (args: readonly string[]) => {
    isInterruptible = true;
    return stage.test(files, args, {}, {
      onSignal(callback) {
        interrupt = callback;
        return { [Symbol.dispose]: () => {} };
      },
    });
  };
  const reportArgs = ["--report", "junit=j.xml", "--report", "ctrf=c.json", "--history", "reports"];
  const stopped = await interrupted([...FAST, ...reportArgs]);
  assert.equal(stopped.code, 130, stopped.stderr);
  assert.deepEqual(stopped.verdicts, { a: "not-judged", b: "not-run" });
  assert.match(stopped.stderr, /--resume/);
  const [run] = stage.simulator.runs();
  const reason = `the suite was interrupted: its run ${run?.slug} continues, and --resume tracks it`;
  const [a, b]: readonly ReportCase[] = JSON.parse(stopped.stdout).cases;
  assert.deepEqual([a?.reason, b?.reason], [reason, "the suite was interrupted"]);
  assert.deepEqual(a?.attempts.map(({ slug, status, cause }) => ({ slug, status, cause })), [
    { slug: run?.slug, status: "stopped", cause: null },
  ]);
  const reports = ["j.xml", "c.json", "reports/run-01.json"].map((path) => stopped.files.get(path) ?? "");
  for (const text of reports) assert.ok(text.includes(reason), text);
  assert.match(reports[0] ?? "", /<skipped message="not judged: the suite was interrupted: its run /);
  const inText = await interrupted(["--resume", ...FAST.slice(1)]);
  assert.equal(inText.code, 130, inText.stderr);
  assert.match(inText.stdout, new RegExp(`^! a  not judged.*\\(${run?.slug}\\).*\n    ${reason}$`, "m"));
  assert.match(inText.stdout, /: 1 not run, 1 not judged/);
  const edited = await stage.test(suite("{ name: c, workflow: ok }"), [...FAST, "--resume"]);
  assert.match(
    edited.stderr,
    new RegExp(`Not tracked: 1 run of the last call, without a case in this one: ${run?.slug}\n`),
  );
  const resumed = await stage.test(files, [...FAST, "--resume"]);
  assert.deepEqual(resumed.verdicts, { a: "passed", b: "passed" });
  assert.doesNotMatch(resumed.stderr, /Not tracked/);
  assert.equal(stage.simulator.runs().length, 3);
});

Deno.test("a check does not delay the end of an interrupted suite", async () => {
  let interrupt = (_signal: "SIGINT") => {};
  await using stage = await suiteStage();
  const files = suite("{ name: a, workflow: ok, expect: { check: sleep 10 } }");
  const stopped = await stage.test(files, FAST, {}, {
    onSignal(callback) {
      interrupt = callback;
      return { [Symbol.dispose]: () => {} };
    },
    runIsolated(call) {
      interrupt("SIGINT");
      return runIsolated(call);
    },
  });
  assert.equal(stopped.code, 130, stopped.stderr);
  const [a]: readonly ReportCase[] = JSON.parse(stopped.stdout).cases;
  assert.match(a?.reason ?? "", /^the suite was interrupted: its run ok-\w+ has ended, and --resume judges it$/);
  const resumed = await stage.test(files, [...FAST, "--resume"], {}, {
    runIsolated: () => Promise.resolve({ type: "ended", code: 0, stdout: "", stderr: "" }),
  });
  assert.deepEqual(resumed.verdicts, { a: "passed" });
  assert.equal(stage.simulator.runs().length, 1);
});

Deno.test("runs whose end was not seen are named, with how to continue", async () => {
  await using stage = await suiteStage({
    onStep(operation, step) {
      if (operation === "submit" && step === "responded" && stage.simulator.runs().length === 2) {
        stage.simulator.addFaults({ on: "*", status: 401, times: 1_000 });
      }
    },
  });
  const files = suite("{ name: a, workflow: slow, timeout: 2h }", "{ name: b, workflow: slow, timeout: 2h }");
  const { code, stdout, stderr } = await stage.test(files, FAST);
  assert.equal(code, 8, stderr);
  const cases: readonly ReportCase[] = JSON.parse(stdout).cases;
  for (const { reason, attempts: [attempt] } of cases) {
    assert.match(reason ?? "", new RegExp(`^the end of its run ${attempt?.slug} was not seen: Cannot .*401`));
  }
  assert.match(stderr, /Continue the suite with --resume/);
});

Deno.test("submitted is no where no submit was accepted", async () => {
  await using stage = await suiteStage({ faults: [{ on: "submit", status: 403, times: 1_000 }] });
  const { stdout, stderr } = await stage.test(suite(PASSES, FAILS), FAST);
  assert.equal(JSON.parse(stdout).submitted, "no", stderr);
});

Deno.test("a run that ends before its first poll has not been seen waiting", async () => {
  const short = { yaml: FORM + MAIN, scenario: { "main/solve": { lasts: "100ms" } } };
  await using stage = await suiteStage({ workflows: { short } });
  const files = suite("{ name: a, workflow: short, expect: { queue: { max: 1m } } }");
  const end = await stage.test(files, ["--json", "--poll-interval", "40s"]);
  assert.deepEqual(end.verdicts, { a: "passed" }, end.stdout);
  assert.deepEqual((await stage.test(files, ["--json", "--rejudge"])).verdicts, { a: "passed" });
});

Deno.test("where nothing has changed or failed, nothing is run, and the exit code is 0", async () => {
  await using stage = await suiteStage();
  const runProgram = () => Promise.resolve({ type: "ended", code: 0, stdout: "", stderr: "" } as const);
  const sinceHead = ["--case", "good", "--changed-since", "HEAD"];
  const changed = await stage.test(suite(PASSES), [...sinceHead, "--report", "junit=a.xml"], {}, { runProgram });
  assert.equal(changed.code, 0, changed.stderr);
  assert.match(changed.stderr, /Nothing to run: no case depends on a file that has changed since HEAD\n/);
  assert.match(changed.files.get("a.xml") ?? "", /<testsuites [^>]*tests="0" failures="0"/);
  assert.equal((await stage.test(suite(PASSES), FAST)).code, 0);
  const failed = await stage.test(suite(PASSES), ["--last-failed", "--json"]);
  assert.equal(failed.code, 0, failed.stderr);
  assert.match(failed.stderr, /Nothing to run: no case failed, was not judged or never ran\n/);
  assert.equal(JSON.parse(failed.stdout).exitCode, 0);
  const plan = await stage.test(suite(PASSES), ["--last-failed", "--dry-run"]);
  assert.deepEqual([plan.code, plan.stdout], [0, ""]);
  // The last report and the last session stay the last.
  assert.equal((await stage.test(suite(PASSES), ["--last-failed"])).code, 0);
  assert.deepEqual((await stage.test(suite(PASSES), [...FAST, "--rejudge"])).verdicts, { good: "passed" });
  assert.equal(stage.simulator.runs().length, 1);
  const shard = await stage.test(suite(PASSES), [...sinceHead, "--shard", "2/2"], {}, { runProgram });
  assert.equal(shard.code, 0, shard.stderr);
  const misspelled = await stage.test(suite(PASSES), ["--case", "god", "--changed-since", "HEAD"], {}, { runProgram });
  assert.equal(misspelled.code, 2);
  assert.match(misspelled.stderr, /no case is selected.*\n.*Did you mean "good"/);
});

Deno.test("a name that no case has is a warning beside one that selects a case", async () => {
  await using stage = await suiteStage();
  const { code, stderr } = await stage.test(suite(PASSES, FAILS), ["--case", "go*", "--case", "bda", "--list"]);
  assert.equal(code, 0);
  assert.match(stderr, /--case bda selects no case\. Did you mean "bad"\?/);
});

Deno.test("a case of another environment is skipped, although its workflow, variables and secrets do not exist in this one", async () => {
  await using stage = await suiteStage();
  const other = '{ name: b, workflow: only-there, inputs: { a: "${PW_UNSET}", token: { secret: PW_UNSET_TOKEN } }, ' +
    "requires: { environment: prod } }";
  const files = {
    "a.suite.yaml":
      `version: 1\nenv: [PW_UNSET]\nenvironments: { prod: {}, test: {} }\ncases:\n  - ${PASSES}\n  - ${other}\n`,
  };
  const { code, stderr, verdicts } = await stage.test(files, [...FAST, "--env", "test"]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(verdicts, { good: "passed", b: "skipped" });
  const there = await stage.test(files, [...FAST, "--env", "prod"]);
  assert.equal(there.code, 2);
  assert.match(there.stderr, /PW_UNSET is not set[^]*PW_UNSET_TOKEN is not set/);
});

Deno.test("a variable and a secret that are not set matter to the cases that need them, and to no list", async () => {
  await using stage = await suiteStage();
  const other =
    '{ name: b, workflow: ok, inputs: { a: "${PW_UNSET} ${PW_UNSET}", token: { secret: PW_UNSET_TOKEN } } }';
  const files = { "a.suite.yaml": `version: 1\nenv: [PW_UNSET]\ncases:\n  - ${PASSES}\n  - ${other}\n` };
  assert.equal((await stage.test(files, ["--list"])).stdout, "a: good  (t)\na: b\n");
  assert.deepEqual((await stage.test(files, [...FAST, "--case", "good"])).verdicts, { good: "passed" });
  const all = await stage.test(files, FAST);
  assert.equal(all.code, 2);
  assert.deepEqual(JSON.parse(all.stdout).error.problems.map(({ message }: { message: string }) => message), [
    "the environment variable PW_UNSET is not set",
    "the environment variable PW_UNSET_TOKEN is not set",
  ]);
});

Deno.test("test history names the environments in which the case ran, if none is this one", async () => {
  await using stage = await suiteStage();
  const text = `version: 1\nname: s\nenvironments: { prod: {}, test: {} }\ncases:\n  - ${PASSES}\n`;
  for (const args of [["--env", "prod"], []]) await stage.test({ "a.suite.yaml": text }, [...FAST, ...args]);
  const { code, stderr } = await stage.call(["test", "history", "good", "--env", "test"]);
  assert.equal(code, 5);
  assert.equal(
    stderr,
    '✗ Cannot find the case "good" in the local history of the environment test\n  It ran without --env, and with --env prod\n',
  );
});

for (
  const [field, one] of [
    ["timeout", "{ name: a, workflow: ok, timeout: 999999h }"],
    ["expect.duration.max", "{ name: a, workflow: ok, expect: { duration: { max: 999999h } } }"],
    ["expect.check.timeout", '{ name: a, workflow: ok, expect: { check: { run: "true", timeout: 999999h } } }'],
  ] as const
) {
  Deno.test(`a duration of ${field} that is too long is a mistake in the file, found before the first run`, async () => {
    await using stage = await suiteStage();
    const { code, stderr } = await stage.test(suite(one), FAST);
    assert.equal(code, 2, stderr);
    assert.match(stderr, new RegExp(`yaml:\\d+:\\d+ +cases\\[0\\]\\.${field} +must be a duration`));
    assert.equal(stage.simulator.runs().length, 0);
  });
}

Deno.test("test history prints a table or a document", async () => {
  await using stage = await suiteStage();
  const { code, stdout } = await stage.call(["test", "history", "a", "--format", "csv", "--json"]);
  assert.equal(code, 2);
  assert.equal(JSON.parse(stdout).kind, "usage");
});

Deno.test("no cell of an earlier run is a formula", async () => {
  await using stage = await suiteStage();
  const metrics = '{ "=1+1": { from: { output: main.energy } } }';
  await stage.test(suite(`{ name: a, workflow: ok, metrics: ${metrics} }`), FAST);
  const { stdout } = await stage.call(["test", "history", "a", "--format", "csv"]);
  assert.match(stdout, /^time,verdict,run_seconds,queue_seconds,'=1\+1\n.*,passed,5,0,-1\.17\n$/);
});

Deno.test("a folder that does not exist is called that", async () => {
  await using stage = await suiteStage();
  const listFiles = () => Promise.resolve([]);
  const { code, stderr } = await stage.test(suite(PASSES), ["no/folder"], {}, { listFiles });
  assert.equal(code, 2);
  assert.match(stderr, /Cannot test no\/folder: no such file or folder\n$/);
  const action = await stage.test(suite(PASSES), ["histry", "good"], {}, { listFiles });
  assert.match(action.stderr, /Cannot test histry: no such file or folder\n {2}Did you mean "history"\?/);
});

Deno.test("a run is added to a folder beside the one that another process has added meanwhile", async () => {
  await using stage = await suiteStage();
  const folder = new Map<string, string>();
  const listFiles = () => {
    folder.set("history/run-01.json", "of another process");
    return Promise.resolve([]);
  };
  const checkNewFile = (path: string) =>
    folder.has(path) ? Promise.reject(new Deno.errors.AlreadyExists(path)) : Promise.resolve();
  const replaceFile = (path: string, text: string) => Promise.resolve(void folder.set(path, text));
  const args = ["a.suite.yaml", ...FAST, "--history", "history"];
  const { code, stderr } = await stage.test(suite(PASSES), args, {}, { listFiles, replaceFile, checkNewFile });
  assert.equal(code, 0, stderr);
  assert.equal(folder.get("history/run-01.json"), "of another process");
  assert.match(folder.get("history/run-02.json") ?? "", /"CTRF"/);
});

Deno.test("a run takes the place of the oldest report in a full folder, but of none that another process has just written", async () => {
  await using stage = await suiteStage();
  const files = suite(PASSES);
  const folder = new Map(Object.entries(files));
  const { files: written } = await stage.test(files, [...FAST, "--report", "ctrf=a.json"]);
  const report = written.get("a.json") ?? "";
  const at = (ms: number) => report.replaceAll(/"startedAtMs": \d+/g, `"startedAtMs": ${ms}`);
  const pathOf = (index: number) => `history/run-${String(index).padStart(2, "0")}.json`;
  for (let index = 1; index <= 30; index++) folder.set(pathOf(index), at(index));
  const context: Partial<Context> = {
    readTextFile: (path) => Promise.resolve(folder.get(path) ?? Promise.reject(new Deno.errors.NotFound(path))),
    listFiles: () => Promise.resolve([...folder.keys()].filter((path) => path.startsWith("history/"))),
    checkNewFile: () => Promise.reject(new Deno.errors.AlreadyExists()),
    // Once it has been read.
    createFolder: () => Promise.resolve(void folder.set(pathOf(1), at(5_000))),
    replaceFile: (path, text) => Promise.resolve(void folder.set(path, text)),
  };
  const args = ["a.suite.yaml", ...FAST, "--history", "history"];
  const { code, stderr } = await stage.test(files, args, {}, context);
  assert.equal(code, 0, stderr);
  assert.equal(folder.get(pathOf(1)), at(5_000));
  assert.notEqual(folder.get(pathOf(2)), at(2));
  assert.equal(folder.get(pathOf(3)), at(3));
});

Deno.test("a folder of the history that can no longer be created takes nothing else with it", async () => {
  await using stage = await suiteStage();
  let calls = 0;
  const createFolder = () =>
    ++calls === 1 ? Promise.resolve() : Promise.reject(Object.assign(new Error("EROFS"), { code: "EROFS" }));
  const args = ["a.suite.yaml", ...FAST, "--history", "history"];
  const listFiles = () => Promise.resolve([]);
  const { code, stderr, verdicts } = await stage.test(suite(PASSES), args, {}, { listFiles, createFolder });
  assert.equal(code, 7, stderr);
  assert.match(stderr, /Cannot create the folder history: the disk is read-only/);
  assert.deepEqual(verdicts, { good: "passed" });
});

for (const refused of ["createFolder", "checkReplaceable"] as const) {
  Deno.test(`a folder of the history that cannot be written is refused before a run is submitted: ${refused}()`, async () => {
    await using stage = await suiteStage();
    const context = {
      listFiles: () => Promise.resolve([]),
      [refused]: () => Promise.reject(Object.assign(new Error("EACCES"), { code: "EACCES" })),
    };
    const args = ["a.suite.yaml", ...FAST, "--history", "history"];
    const { code, stderr } = await stage.test(suite(PASSES), args, {}, context);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /Cannot (create the folder|write to) history: permission denied\n.*--history/);
    assert.equal(stage.simulator.received("submit").length, 0);
    const shard = await stage.test(suite(PASSES), [...args, "--shard", "1/1"], {}, context);
    assert.equal(shard.code, 0, shard.stderr);
  });
}

const LEAKY = {
  yaml: FORM + MAIN,
  scenario: {
    "main/solve": {
      lasts: "2s",
      logs: [
        "login with ${{ inputs.password }}",
        "::error::refused ${{ inputs.password }}",
        "token 0utput-s3cret-1234",
      ],
      outputs: { password: "${{ inputs.password }}", token: "0utput-s3cret-1234" },
    },
  },
};

for (const [how, later] of [["judges again", "--rejudge"], ["continues", "--resume"]] as const) {
  Deno.test(`a secret that is only in the output of another run is in no report of a call that ${how}`, async () => {
    await using stage = await suiteStage({ workflows: { ...WORKFLOWS, leaky: LEAKY } });
    const files = suite(
      '{ name: use, workflow: leaky, needs: make, inputs: { password: "${cases.make.outputs.main.token}" }, expect: { status: failed } }',
      "{ name: make, workflow: leaky, inputs: { password: { secret: LEAK } } }",
    );
    const env = { LEAK: "pl4nted-s3cret-in-input" };
    const args = [...FAST, "--report", "junit=leak.xml"];
    const first = await stage.test(files, args, env);
    const again = await stage.test(files, [...args, later], env);
    for (const { stdout, stderr, files, verdicts } of [first, again]) {
      assert.deepEqual(verdicts, { use: "failed", make: "passed" }, stderr);
      const texts = [stdout, stderr, files.get("leak.xml") ?? ""];
      assert.ok(texts.some((text) => text.includes("login with")), stdout);
      for (const text of texts) assert.ok(!text.includes("0utput-s3cret"), text);
    }
  });
}

Deno.test("a secret output is compared as it is, and so is one that contains it; both are shown without it", async () => {
  const outputs = { token: "0utput-s3cret", n: "47110", url: "https://x.example/?t=0utput-s3cret" };
  await using stage = await suiteStage({
    workflows: { ...WORKFLOWS, made: { yaml: MAIN, scenario: { "main/solve": { outputs } } } },
  });
  const caseOf = (name: string, ...outputs: readonly string[]) =>
    `{ name: ${name}, workflow: made, expect: { outputs: { ${outputs.join(", ")} } } }`;
  const secret = "main.token: { exists: true, secret: true }";
  const files = suite(
    caseOf("matches", 'main.token: { matches: "^0utput", secret: true }'),
    caseOf("number", secret, "main.n: { min: 47110, secret: true }"),
    caseOf("inside", secret, 'main.url: { matches: "t=0utput" }'),
    caseOf("differs", secret, 'main.url: { matches: "t=other" }'),
    caseOf("lacks", secret, "main.url: { lacks: 0utput }"),
  );
  const { stdout, stderr } = await stage.test(files, FAST);
  const { cases }: JsonReport = JSON.parse(stdout);
  assert.deepEqual(cases.map(({ reason }) => reason), [
    null,
    null,
    null,
    'outputs.main.url: expected text that matches t=other, got "https://x.example/?t=•••"',
    'outputs.main.url: expected text without "0utput", got "https://x.example/?t=•••"',
  ]);
  for (const text of [stdout, stderr]) assert.doesNotMatch(text, /0utput-s3cret|47110"/);
});

Deno.test("a log that shows a secret does not lack it, and is shown without it", async () => {
  await using stage = await suiteStage({ workflows: { ...WORKFLOWS, leaky: LEAKY } });
  const caseOf = (name: string, log: string) =>
    `{ name: ${name}, workflow: leaky, inputs: { password: { secret: LEAK } }, ` +
    `expect: { outputs: { main.token: { exists: true, secret: true } }, log: ${log} } }`;
  const files = suite(
    caseOf("input", "{ lacks: pl4nted }"),
    caseOf("output", "{ lacks: 0utput }"),
    caseOf("contains", "{ contains: [pl4nted-s3cret-in-input, 0utput-s3cret-1234] }"),
    caseOf("other", "{ lacks: login }"),
  );
  const { stdout, stderr } = await stage.test(files, FAST, { LEAK: "pl4nted-s3cret-in-input" });
  const { cases }: JsonReport = JSON.parse(stdout);
  const end = String.raw`got a log that ends with "login with •••\n::error::refused •••\ntoken •••\n"`;
  assert.deepEqual(cases.map(({ reason }) => reason), [
    `log: expected text without "pl4nted", ${end}`,
    `log: expected text without "0utput", ${end}`,
    null,
    'log: expected text without "login", got … "login with •••" …',
  ]);
  for (const text of [stdout, stderr]) assert.doesNotMatch(text, /pl4nted-s3cret|0utput-s3cret/);
});

for (const full of ["outputs", "summary"]) {
  Deno.test(`a suite whose ${full} for GitHub can no longer be written exits with 7, as its document and outputs say`, async () => {
    await using stage = await suiteStage();
    const written: Record<string, string> = {};
    const appendFile = (path: string, text: string) => {
      if (path === full && text !== "") throw Object.assign(new Error("full"), { code: "ENOSPC" });
      written[path] = (written[path] ?? "") + text;
    };
    const env = { GITHUB_ACTIONS: "true", GITHUB_OUTPUT: "outputs", GITHUB_STEP_SUMMARY: "summary" };
    const { code, stdout, stderr } = await stage.test(suite(PASSES), [...FAST, "--report", "github"], env, {
      appendFile,
    });
    assert.equal(code, 7, stderr);
    const { exitCode, kind } = JSON.parse(stdout);
    assert.deepEqual([exitCode, kind], [7, "machine_failed"]);
    assert.equal(stderr.match(/no space left on the disk/g)?.length, 1, stderr);
    assert.match(stderr, /--rejudge, which writes the reports/);
    assert.doesNotMatch(written["outputs"] ?? "", /completed/);
  });
}

Deno.test("a secret of an input, an output, a log or a check is in no report", async () => {
  await using stage = await suiteStage({ workflows: { ...WORKFLOWS, leaky: LEAKY } });
  const secret = "pl4nted-s3cret-in-input";
  const base = "workflow: leaky, inputs: { password: { secret: LEAK } }";
  const files = suite(
    `{ name: fails, ${base}, expect: { status: failed } }`,
    `{ name: output, ${base}, expect: { outputs: { main.password: x, main.token: { equals: y, secret: true } } } }`,
    `{ name: log, ${base}, expect: { log: { lacks: login } } }`,
    `{ name: check, ${base}, expect: { check: "cat; exit 1" } }`,
  );
  const written: Record<string, string> = {};
  const context = { appendFile: (path: string, text: string) => void (written[path] = (written[path] ?? "") + text) };
  const github = { GITHUB_ACTIONS: "true", GITHUB_OUTPUT: "outputs", GITHUB_STEP_SUMMARY: "summary", LEAK: secret };
  const args = ["--max-poll-interval", "2s", "--report", "junit=leak.xml"];
  const ends = [
    await stage.test(files, [...args, "--json"], { LEAK: secret, GITHUB_ACTIONS: "true" }, context),
    await stage.test(files, [...args, "--report", "github"], github, context),
  ];
  assert.ok(JSON.stringify(stage.simulator.received("submit")).includes(secret));
  assert.ok(Object.keys(written).includes("summary"), Object.keys(written).join());
  for (const { code, stdout, stderr, files } of ends) {
    assert.equal(code, 1, stderr);
    for (const text of [stdout, stderr, ...files.values(), ...Object.values(written)]) {
      assert.ok(!text.includes(secret) && !text.includes(btoa(secret).slice(0, 20)), text.slice(0, 2_000));
      assert.ok(!text.includes("0utput-s3cret"), text.slice(text.indexOf("0utput-s3cret") - 300).slice(0, 600));
    }
  }
});
