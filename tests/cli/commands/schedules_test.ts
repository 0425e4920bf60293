import assert from "node:assert/strict";
import { runCommandLine } from "../../../lib/cli/program.ts";
import { startSimulator } from "../../../lib/simulator/start.ts";
import { aContext } from "../../support/cli_context.ts";
import { virtualClock } from "../../support/virtual_clock.ts";
import { bufferedWriter } from "../../support/writer.ts";

const DEFINE = new URL("../../../lib/scheduler/define.ts", import.meta.url).href;

async function call(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const [stdout, stderr] = [bufferedWriter(), bufferedWriter()];
  const clock = virtualClock(Date.parse("2026-03-28T12:00Z"));
  const code = await runCommandLine(
    aContext({
      args: ["schedules", ...args],
      env: (name) => env[name],
      fetch,
      clock,
      stdout,
      stderr,
      readTextFile: Deno.readTextFile,
    }),
  );
  return { code, out: stdout.text(), err: stderr.text() };
}

/** Runs the command on a schedules file with this text. */
async function callWith(text: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(file, text);
    const { code, out, err } = await call(["--file", file, ...args], env);
    return { code, out, err: err.replaceAll(file, "FILE") };
  } finally {
    await Deno.remove(file);
  }
}

const NIGHTLY = `{
  name: "nightly",
  cron: "30 2 * * *",
  timeZone: "Europe/Berlin",
  workflow: "hello-world",
  inputs: { password: "hunter2" },
  notify: [{ url: "https://example.com/hunter2" }],
}`;

Deno.test("each schedule is shown with its next occurrences, in its time zone and in UTC, and its policies", async () => {
  const text =
    `import { defineSchedules } from "${DEFINE}";\nexport const schedules = defineSchedules([${NIGHTLY}]);\n`;
  assert.deepEqual(await callWith(text, ["--count", "2"]), {
    code: 0,
    out: `nightly  on  on production
  hello-world  30 2 * * *  Europe/Berlin
  Sun 2026-03-29 03:00 +02:00  2026-03-29T01:00Z
  Mon 2026-03-30 02:30 +02:00  2026-03-30T00:30Z
  - skipped while the previous run is active
  - after an outage, runs the last missed occurrence
  - no deadline
  - notifies example.com of failed, unknown, missed, skipped, deadline, invalid
`,
    err: "",
  });
});

Deno.test("--json prints the same without values that may be secret", async () => {
  const { code, out } = await callWith(`export const schedules = [${NIGHTLY}];`, ["--json", "--timeline", "staging"]);
  assert.equal(code, 0);
  assert.ok(!out.includes("hunter2"), out);
  const { timeline, schedules: [schedule] } = JSON.parse(out);
  assert.deepEqual([timeline, schedule.name, schedule.isEnabled], ["staging", "nightly", false]);
  assert.equal(schedule.next.length, 5);
  assert.deepEqual(schedule.next[0], {
    id: "nightly@2026-03-29T01:00Z",
    at: "2026-03-29T01:00:00.000Z",
    local: "Sun 2026-03-29 03:00 +02:00",
  });
});

Deno.test("without --file, the program's own schedules are shown", async () => {
  const { code, out } = await call([]);
  assert.equal(code, 0);
  assert.match(out, /^nightly-hello {2}off {2}disabled$/m);
});

for (
  const [what, text, code, expected] of [
    ["does not export schedules", "export const x = 1;", 2, /^✗ Cannot read schedules: FILE does not export any\n/],
    ["has a syntax error", "const = ;", 2, /^✗ Cannot read schedules from FILE: .*\n.*deno check FILE.*\n$/],
    ["throws", 'throw new Error("no luck");', 2, /^✗ Cannot read schedules from FILE: no luck\n/],
    ["contains an invalid schedule", "export const schedules = [{}];", 2, /schedules\[0\]\.cron +is missing\n/],
    [
      "imports its own copy of the error classes",
      'throw Object.assign(new Error("Cannot use"), { problems: [{ origin: "", path: "a.b", message: "is odd" }] });',
      2,
      /^✗ Cannot use\n {2}a\.b {2}is odd\n/,
    ],
    ["contains no schedules", "export const schedules = [];", 0, /^No schedules in FILE\n$/],
  ] as const
) {
  Deno.test(`a file that ${what} is reported`, async () => {
    const result = await callWith(text);
    assert.equal(result.code, code);
    assert.match(result.err, expected);
  });
}

Deno.test("a missing file is reported", async () => {
  const { code, err } = await call(["--file", "no/such/file.ts"]);
  assert.equal(code, 2);
  assert.match(err, /^✗ Cannot read schedules: no\/such\/file\.ts does not exist\n/);
});

for (
  const [what, schedule, code, err] of [
    [
      "fit",
      '{ name: "a", cron: "0 2 * * *", workflow: "quick" }',
      0,
      /The inputs of all schedules fit their workflows/,
    ],
    [
      "do not fit",
      '{ name: "a", cron: "0 2 * * *", workflow: "hello-world", inputs: { submit_to_scheduler: "perhaps" } }',
      2,
      /Cannot run the schedules as they are[^]*a\.submit_to_scheduler /,
    ],
    [
      "are in a file that does not exist",
      '{ name: "a", cron: "0 2 * * *", workflow: "quick", inputsFile: "inputs/gone.json" }',
      2,
      /\n {2}inputs\/gone\.json {2}a {2}cannot be read: no such file or folder\n/,
    ],
    [
      "are in a file and do not fit",
      '{ name: "a", cron: "0 2 * * *", workflow: "hello-world", inputsFile: "tests/fixtures/inputs/number_for_text.yaml" }',
      2,
      /\n {2}tests\/fixtures\/inputs\/number_for_text\.yaml:2 {2}a\.hello\.message /,
    ],
    [
      "are for no workflow",
      '{ name: "a", cron: "0 2 * * *", workflow: "quik", enabled: false }',
      2,
      /a\.workflow .*"quick"/,
    ],
    [
      "are those of a suite",
      '{ name: "a", cron: "0 2 * * *", suite: "examples/smoke.suite.yaml" }',
      0,
      /The inputs of all schedules fit their workflows/,
    ],
    [
      "are those of a suite with mistakes",
      '{ name: "a", cron: "0 2 * * *", suite: "tests/fixtures/suites/invalid/fifteen_mistakes_suite.yaml" }',
      2,
      /Cannot run the schedules as they are\n(?:[^]*?suite\.yaml:\d+:\d+ {2}a\.){15}/,
    ],
  ] as const
) {
  Deno.test(`--check with inputs that ${what} exits with ${code}`, async () => {
    await using simulator = await startSimulator();
    const text =
      `import { defineSchedules } from "${DEFINE}";\nexport const schedules = defineSchedules([${schedule}]);\n`;
    const result = await callWith(text, ["--check"], { PW_API_KEY: simulator.key });
    assert.equal(result.code, code, result.err);
    assert.match(result.err, err);
    assert.equal(simulator.received("submit").length, 0);
  });
}
