/**
 * Ten thousand calls that go wrong: whatever is given or answered, the program ends with one of its own exit codes and
 * says it in its own words. FUZZ_SEED draws others.
 */

import assert from "node:assert/strict";
import type { Context } from "../lib/cli/context.ts";
import { main } from "../lib/cli/program.ts";
import type { Simulator } from "../lib/simulator/simulator.ts";
import { startSimulator } from "../lib/simulator/start.ts";
import { array, assert as hold, asyncProperty, constantFrom, integer, record } from "./deps/fast_check.ts";
import { spoiled, type Spoiling, spoiling } from "./fuzz/bad_answers.ts";
import { badCommandLine, badCredentialsFile, badFile, badKey } from "./fuzz/bad_words.ts";
import { aContext } from "./support/cli_context.ts";
import { emptyFolder } from "./support/main_job.ts";
import { virtualClock } from "./support/virtual_clock.ts";
import { keptWriter } from "./support/writer.ts";

const SEED = Number(Deno.env.get("FUZZ_SEED") ?? 20_261_123);
const EXIT_CODES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 124];
const CASE_DEADLINE_MS = 20_000;

Deno.test("4000 bad command lines and files end with an exit code of ours and words of ours", async () => {
  await using stage = await aStage();
  const property = asyncProperty(badCommandLine, badFile, async (args, file) => {
    await stage.call({ args, file });
  });
  await hold(property, { numRuns: 4_000, seed: SEED });
});

Deno.test("4000 bad answers end with an exit code of ours and words of ours", async () => {
  await using stage = await aStage();
  const plan = record({
    args: constantFrom(...CALLS),
    /** Which of the call's answers are spoiled, and how. */
    after: integer({ min: 0, max: 4 }),
    spoilings: array(spoiling, { minLength: 1, maxLength: 6 }),
  });
  const property = asyncProperty(plan, async ({ args, after, spoilings }) => {
    await stage.call({ args, spoil: (index) => spoilings[index - after] });
  });
  await hold(property, { numRuns: 4_000, seed: SEED });
});

Deno.test("2000 bad keys and credentials files end with an exit code of ours and words of ours", async () => {
  await using stage = await aStage();
  const property = asyncProperty(badKey, badCredentialsFile, async (key, file) => {
    const isFile = key.length % 2 === 0;
    await stage.call({ args: ["list", "--json"], ...(isFile ? { key: "", credentials: file } : { key }) });
  });
  await hold(property, { numRuns: 2_000, seed: SEED });
});

const WAIT = ["--timeout", "2m", "--submit-timeout", "1m", "--unreachable-timeout", "3m", "--no-history"];
const RUN = "hello-world-00046";
const CALLS: readonly (readonly string[])[] = [
  ["list"],
  ["list", "--json"],
  ["show", "every-type"],
  ["run", "quick", ...WAIT],
  ["run", "quick", "--json", ...WAIT],
  ["run", "failing-step", "--json", ...WAIT],
  ["run", "quick", "--idempotency-key", "k", "--json", ...WAIT],
  ["run", "hello-world", "--dry-run", "--no-check"],
  ["status", RUN],
  ["status", "hello-world#46", "--json"],
  ["watch", RUN, "--timeout", "1m", "--unreachable-timeout", "1m"],
  ["runs"],
  ["runs", "--json"],
  ["logs", RUN],
  ["errors", RUN],
  ["cancel", RUN, "--json"],
  ["inputs", "new", "every-type"],
  ["inputs", "schema", "every-type"],
  ["inputs", "explain", "hello-world", "-i", "hello.message=x"],
];

interface Call {
  readonly args: readonly string[];
  readonly file?: string;
  readonly key?: string;
  readonly credentials?: string;
  /** How the call's n-th answer is spoiled. */
  readonly spoil?: (index: number) => Spoiling | undefined;
}

async function aStage() {
  const clock = virtualClock();
  const simulator = await startSimulator({ clock });
  const state = await emptyFolder();
  return {
    call: (call: Call) => callAndCheck(call, { simulator, clock, state: state.path }),
    async [Symbol.asyncDispose]() {
      await simulator[Symbol.asyncDispose]();
      await state[Symbol.asyncDispose]();
    },
  };
}

async function callAndCheck(
  { args, file, key, credentials, spoil = () => undefined }: Call,
  { simulator, clock, state }: {
    readonly simulator: Simulator;
    readonly clock: Context["clock"];
    readonly state: string;
  },
): Promise<void> {
  const [stdout, stderr] = [keptWriter(), keptWriter()];
  let answers = 0;
  const env: Record<string, string | undefined> = {
    PW_API_KEY: key ?? simulator.key,
    PW_STATE_DIR: state,
    HOME: "/home/nobody",
  };
  const context = aContext({
    args: waitingEnds(args),
    env: (name) => env[name],
    stdin: { isTerminal: false, readText: () => Promise.resolve(file ?? "") },
    stdout,
    stderr,
    clock,
    random: Math.random,
    fetch: async (...request) => {
      const answer = await fetch(...request);
      const how = spoil(answers++);
      return how === undefined ? answer : await spoiled(answer, how);
    },
    readTextFile: (path) => {
      const text = /credentials$/.test(path) ? credentials : file;
      return text === undefined ? Promise.reject(new Deno.errors.NotFound(path)) : Promise.resolve(text);
    },
    writeNewFile: () => Promise.resolve(),
    listFiles: () => Promise.resolve([]),
  });
  const code = await withinDeadline(main(context));
  const [said, answered] = [stderr.text(), stdout.text()];
  const what = `exit ${code}\n${said}\n${answered.slice(0, 2_000)}`;
  assert.ok(EXIT_CODES.includes(code), what);
  assert.ok(!/^ {4}at /m.test(said), what);
  assert.ok(!/\[object Object\]|\bundefined\b|\bNaN\b/.test(withoutQuotes(said, args)), what);
  if (args.includes("--json") && !args.includes("--help") && !args.includes("--") && answered !== "") {
    JSON.parse(answered);
  }
}

/** Whoever asks not to be timed out, or to follow for ever, would be waited for. */
function waitingEnds(args: readonly string[]): readonly string[] {
  return ["run", "watch", "resume", "rerun"].includes(args[0] ?? "") && !args.includes("--timeout")
    ? [...args, "--timeout", "2m"]
    : args;
}

/** What was given may be said again, whatever it is. */
function withoutQuotes(said: string, args: readonly string[]): string {
  return args.filter((word) => word !== "").reduce((text, word) => text.replaceAll(word, ""), said);
}

async function withinDeadline(ending: Promise<number>): Promise<number> {
  let id: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    id = setTimeout(() => reject(new Error("it does not end")), CASE_DEADLINE_MS);
  });
  try {
    return await Promise.race([ending, late]);
  } finally {
    clearTimeout(id);
  }
}
