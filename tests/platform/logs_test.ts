import assert from "node:assert/strict";
import { lastLines, newText, readStepLog, stepLogPath } from "../../lib/platform/logs.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { depsFor } from "../support/deps.ts";
import { virtualClock } from "../support/virtual_clock.ts";

const RUN_ID = { type: "slug", slug: "a" } as const;

/** Fills the log file several times. */
const LOG_WORKFLOW = `jobs:
  main:
    steps:
      - name: print
        run: |
          for i in $(seq 60); do sleep 1; echo "line $i"; done
`;

/** A run's folder whose log has one entry of `logs` for each read; records the paths that were read. */
function folder(logs: readonly (string | null)[], backup: string | null) {
  const read: string[] = [];
  return {
    read,
    readRunFile(_: unknown, path: string): Promise<string | null> {
      read.push(path);
      const reads = read.filter((other) => other === path).length;
      return Promise.resolve(path.endsWith(".1") ? backup : logs[Math.min(reads, logs.length) - 1] ?? null);
    },
  };
}

Deno.test("stepLogPath() contains the job and the step's position", () => {
  assert.equal(stepLogPath("build", 3), "logs/build/step_3/logs.out");
});

Deno.test("the log of a step that has written nothing is null", async () => {
  const files = folder([null], null);
  assert.equal(await readStepLog(files, RUN_ID, "main", 0, {}), null);
  assert.deepEqual(files.read, ["logs/main/step_0/logs.out"]);
});

Deno.test("the rotated part precedes the log", async () => {
  assert.equal(await readStepLog(folder(["three\n"], "one\ntwo\n"), RUN_ID, "main", 0, {}), "one\ntwo\nthree\n");
});

Deno.test("a rotation between two reads neither loses nor duplicates lines", async () => {
  assert.equal(
    await readStepLog(folder(["one\ntwo\n", "three\n"], "one\ntwo\n"), RUN_ID, "main", 0, {}),
    "one\ntwo\nthree\n",
  );
});

Deno.test("a log that only grows is read without its backup", async () => {
  const files = folder(["one\ntwo\n"], "not requested");
  assert.equal(await readStepLog(files, RUN_ID, "main", 0, { before: "one\n" }), "one\ntwo\n");
  assert.equal(files.read.length, 1);
});

Deno.test("a log with a different beginning is read with its backup", async () => {
  assert.equal(
    await readStepLog(folder(["three\n"], "one\ntwo\n"), RUN_ID, "main", 0, { before: "one\n" }),
    "one\ntwo\nthree\n",
  );
});

Deno.test("following a log that the platform rotates yields each line once", async () => {
  const clock = virtualClock();
  await using simulator = await startSimulator({
    clock,
    behavior: { logFileBytes: 200 },
    workflows: { print: LOG_WORKFLOW },
  });
  const { client } = await depsFor(simulator, { clock });
  await client.submit({ workflow: "print", inputs: {}, slug: "print", displayName: null, consent: null }, {});
  const runId = { type: "slug", slug: "print" } as const;
  let before = "";
  let shown = "";
  let isEnded = false;
  while (!isEnded) {
    isEnded = (await client.getRun(runId, {})).isFinal;
    const job = (await client.getRun(runId, {})).jobs[0];
    const after = job === undefined ? null : await readStepLog(client, runId, job.name, 0, { before });
    shown += newText(before, after ?? "");
    before = after ?? "";
    await clock.sleep(500, {});
  }
  assert.deepEqual(shown.trimEnd().split("\n"), Array.from({ length: 60 }, (_, index) => `line ${index + 1}`));
});

const LINES: readonly (readonly [string, number, readonly string[]])[] = [
  ["a\nb\nc\n", 2, ["b", "c"]],
  ["a\nb\nc", 2, ["b", "c"]],
  ["a\nb\nc\n", 3, ["a", "b", "c"]],
  ["a\nb\nc\n", 9, ["a", "b", "c"]],
  ["a\r\nb\r\n", 2, ["a", "b"]],
  ["\na\n", 2, ["", "a"]],
  ["a\n\n", 1, [""]],
  ["", 3, []],
  ["\n", 3, []],
  ["a\n", 0, []],
];

for (const [text, count, want] of LINES) {
  Deno.test(`the last ${count} lines of ${JSON.stringify(text)} are ${JSON.stringify(want)}`, () => {
    assert.deepEqual(lastLines(text, count), want);
  });
}

const GROWTHS: readonly (readonly [string, string, string, string])[] = [
  ["nothing was read before", "", "one\n", "one\n"],
  ["nothing was added", "one\n", "one\n", ""],
  ["it grew", "one\n", "one\ntwo\n", "two\n"],
  ["it was rotated for the first time", "one\ntwo\n", "one\ntwo\nthree\n", "three\n"],
  ["its backup was dropped", "one\ntwo\n", "two\nthree\n", "three\n"],
  ["a line was cut in the middle", "one\ntw", "two\n", "o\n"],
  ["none of it is left", "one\n", "five\nsix\n", "five\nsix\n"],
  ["it was emptied", "one\n", "", ""],
];

for (const [what, before, after, want] of GROWTHS) {
  Deno.test(`newText() when ${what}`, () => assert.equal(newText(before, after), want));
}

Deno.test("newText() of a large log whose beginning is gone", () => {
  const lines = Array.from({ length: 50_000 }, (_, index) => `line ${index}\n`);
  const before = lines.slice(0, 40_000).join("");
  assert.equal(newText(before, lines.slice(20_000).join("")), lines.slice(40_000).join(""));
});
