import assert from "node:assert/strict";
import { ResponseLost } from "../../lib/errors.ts";
import { createLogReader, createTail, lastLines, type LogReader } from "../../lib/platform/logs.ts";
import { stepLogPath } from "../../lib/platform/run_schema.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { allText } from "../support/all_text.ts";
import { depsFor } from "../support/deps.ts";
import { virtualClock } from "../support/virtual_clock.ts";

const RUN_ID = { type: "slug", slug: "a" } as const;

/** Fills the log file several times. */
const LOG_WORKFLOW = {
  yaml: "jobs: { main: { steps: [{ name: print, run: print }] } }",
  scenario: { "main/print": { logs: [{ after: "1s", times: 60, text: "line ${{ line }}" }] } },
};

/** A run's folder: each entry of `reads` is one read of the file, as text or in pieces. Records the paths. */
function folder(reads: Readonly<Record<"log" | "backup", readonly (string | null | readonly (string | Error)[])[]>>) {
  const read: ("log" | "backup")[] = [];
  return {
    read,
    readRunFile(_: unknown, path: string): Promise<ReadableStream<string> | null> {
      const file = path.endsWith(".1") ? "backup" : "log";
      read.push(file);
      const count = read.filter((other) => other === file).length;
      const text = reads[file][Math.min(count, reads[file].length) - 1] ?? null;
      return Promise.resolve(text === null ? null : streamOf(typeof text === "string" ? [text] : text));
    },
  };
}

function streamOf(pieces: readonly (string | Error)[]): ReadableStream<string> {
  const left = [...pieces];
  return new ReadableStream({
    pull(controller) {
      const piece = left.shift();
      if (piece === undefined) controller.close();
      else if (piece instanceof Error) controller.error(piece);
      else controller.enqueue(piece);
    },
  });
}

type Files = ReturnType<typeof folder>;
const readerOf = (files: Files) => createLogReader(files, { runId: RUN_ID, path: stepLogPath("main", 0) });
const newText = async (reader: LogReader, isLast = true) => await allText(reader.readNew({ isLast }));

Deno.test("stepLogPath() contains the job and the step's position", () => {
  assert.equal(stepLogPath("build", 3), "logs/build/step_3/logs.out");
});

Deno.test("a step that has written nothing has no log", async () => {
  const files = folder({ log: [null], backup: [null] });
  const reader = readerOf(files);
  assert.equal(await newText(reader), "");
  assert.ok(!reader.isPresent());
  assert.deepEqual(files.read, ["log"]);
});

Deno.test("an empty log is present", async () => {
  const reader = readerOf(folder({ log: [""], backup: [null] }));
  assert.equal(await newText(reader), "");
  assert.ok(reader.isPresent());
});

Deno.test("the rotated part precedes the log", async () => {
  assert.equal(
    await newText(readerOf(folder({ log: ["three\n"], backup: ["one\ntwo\n"] }))),
    "one\ntwo\nthree\n",
  );
});

Deno.test("a rotation between the reads of the log and its backup neither loses nor duplicates lines", async () => {
  const files = folder({ log: ["one\ntwo\n", "three\n"], backup: ["one\ntwo\n"] });
  assert.equal(await newText(readerOf(files)), "one\ntwo\nthree\n");
});

Deno.test("a log that only grows is read without its backup", async () => {
  const files = folder({ log: ["one\n", "one\ntwo\n", "one\ntwo\n"], backup: [null, "not requested"] });
  const reader = readerOf(files);
  assert.deepEqual([await newText(reader), await newText(reader), await newText(reader)], ["one\n", "two\n", ""]);
  assert.deepEqual(files.read, ["log", "backup", "log", "log"]);
});

const GROWTHS: readonly (readonly [string, string, string, string | null, string])[] = [
  ["nothing was added", "one\n", "one\n", null, ""],
  ["it grew", "one\n", "one\ntwo\n", null, "two\n"],
  ["a line was continued", "one\ntw", "one\ntwo\n", null, "o\n"],
  ["it was rotated for the first time", "one\ntwo\n", "three\n", "one\ntwo\n", "three\n"],
  ["it was rotated after more lines", "one\ntwo\n", "four\n", "one\ntwo\nthree\n", "three\nfour\n"],
  ["it was rotated and is empty", "one\n", "", "one\ntwo\n", "two\n"],
  ["it was rotated to the same first line", "line\nline\n", "line\n", "line\nline\nline\n", "line\nline\n"],
  ["it was rotated twice", "one\n", "five\n", "three\nfour\n", "three\nfour\nfive\n"],
  ["it was replaced without a backup", "one\n", "five\nsix\n", null, "five\nsix\n"],
  ["it was cut off and written anew", "one\ntwo\nthree\n", "four\n", null, "four\n"],
  ["it was emptied", "one\ntwo\n", "", null, ""],
  ["it is as long, but different", "one\n", "two\n", "one\n", "two\n"],
];

for (const [what, before, log, backup, want] of GROWTHS) {
  Deno.test(`readNew() returns what was added when ${what}`, async () => {
    const reader = readerOf(folder({ log: [before, log], backup: [null, backup] }));
    assert.equal(await newText(reader), before);
    assert.equal(await newText(reader), want);
    if (log !== "") assert.equal(await newText(reader), "");
    assert.equal(reader.gaps(), what === "it was rotated twice" ? 1 : 0);
  });
}

Deno.test("a log that is replaced beside its earlier backup is returned without that backup", async () => {
  const files = folder({ log: ["one\n", "two\n", "two\n", "three\n"], backup: ["zero\n"] });
  const reader = readerOf(files);
  assert.equal(await newText(reader, false), "zero\none\n");
  assert.equal(await newText(reader, false), "two\n");
  assert.equal(await newText(reader, false), "three\n");
  assert.equal(reader.gaps(), 0);
});

Deno.test("a long log that was replaced by another is not taken for one that grew", async () => {
  const long = (word: string) => Array.from({ length: 20_000 }, (_, line) => `${word} ${line}\n`).join("");
  const same = "banner\n".repeat(12_000);
  const reader = readerOf(folder({ log: [same + long("one"), `${same}${long("two")}more\n`], backup: [null] }));
  assert.equal(await newText(reader), same + long("one"));
  assert.equal(await newText(reader), `${same}${long("two")}more\n`);
});

Deno.test("readNew() reads in pieces of any length", async () => {
  const before = "one\ntwo\u00e9\n";
  const after = `${before}three\nfour\n`;
  for (let length = 1; length <= after.length; length++) {
    const pieces = (text: string) => text.match(new RegExp(`[^]{1,${length}}`, "g")) ?? [];
    const reader = readerOf(folder({ log: [pieces(before), pieces(after)], backup: [null] }));
    assert.equal(await newText(reader), before);
    assert.equal(await newText(reader), "three\nfour\n");
  }
});

Deno.test("a partly written character at the end is returned once it is complete, or at the end of the log", async () => {
  const reader = readerOf(folder({ log: ["caf\ufffd", "caf\u00e9 \ufffd", "caf\u00e9 \ufffd"], backup: [null] }));
  assert.deepEqual(
    [await newText(reader, false), await newText(reader, false), await newText(reader)],
    ["caf", "\u00e9 ", "\ufffd"],
  );
});

Deno.test("a partly written character is also one where the server replaces each of its bytes", async () => {
  const files = folder({ log: ["one \ufffd\ufffd\ufffd", "one \u{1f600}\n", "one \u{1f600}\n"], backup: [null] });
  const reader = readerOf(files);
  assert.deepEqual([await newText(reader, false), await newText(reader, false)], ["one ", "\u{1f600}\n"]);
  assert.equal(await newText(reader), "");
});

const lost = () => new ResponseLost("cut");

Deno.test("a log whose connection is cut is read on from there", async () => {
  const files = folder({
    log: [["one\n", lost()], ["one\nt", lost()], ["one\ntwo\n", lost()], "one\ntwo\nthree\n"],
    backup: [null],
  });
  assert.equal(await newText(readerOf(files)), "one\ntwo\nthree\n");
});

Deno.test("a backup whose connection is cut is read on from there, and then the log", async () => {
  const files = folder({ log: ["three\n"], backup: [["one\nt", lost()], ["one\ntwo\n", lost()], "one\ntwo\n"] });
  assert.equal(await newText(readerOf(files)), "one\ntwo\nthree\n");
});

Deno.test("a log whose connection is cut again and again is a lost response", async () => {
  const files = folder({ log: [[lost()]], backup: [null] });
  await assert.rejects(newText(readerOf(files)), ResponseLost);
  assert.equal(files.read.filter((file) => file === "log").length, 4);
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
  const reader = createLogReader(client, { runId: { type: "slug", slug: "print" }, path: stepLogPath("main", 0) });
  let shown = "";
  let isEnded = false;
  while (!isEnded) {
    isEnded = (await client.getRun({ type: "slug", slug: "print" }, {})).isFinal;
    shown += await newText(reader, isEnded);
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
  ["\n", 3, [""]],
  ["\n\n", 3, ["", ""]],
  ["a\n", 0, []],
];

for (const [text, count, want] of LINES) {
  Deno.test(`the last ${count} lines of ${JSON.stringify(text)} are ${JSON.stringify(want)}`, () => {
    assert.deepEqual(lastLines(text, count), want);
    for (let length = 1; length <= text.length; length++) {
      const tail = createTail(count, 1_000);
      for (let start = 0; start < text.length; start += length) tail.add(text.slice(start, start + length));
      assert.deepEqual(lastLines(tail.text(), count), want);
    }
  });
}

Deno.test("createTail() keeps the last lines of a long text, and of long lines only the end", () => {
  const tail = createTail(2, 10);
  for (let line = 0; line < 100_000; line++) tail.add(`line ${line}\n`);
  assert.equal(tail.text(), "ine 99999\n");
  const short = createTail(2, 1_000);
  for (let line = 0; line < 100_000; line++) short.add(`line ${line}\n`);
  assert.equal(short.text(), "line 99998\nline 99999\n");
});
