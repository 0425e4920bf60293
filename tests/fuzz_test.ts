/**
 * Ten thousand calls with invalid input or invalid responses: the program must always exit with a documented code and a
 * readable message. FUZZ_SEED selects other cases.
 */

import assert from "node:assert/strict";
import type { Context } from "../lib/cli/context.ts";
import { runCommandLine } from "../lib/cli/program.ts";
import type { Simulator } from "../lib/simulator/simulator.ts";
import { startSimulator } from "../lib/simulator/start.ts";
import { array, assert as hold, asyncProperty, constantFrom, integer, record } from "./deps/fast_check.ts";
import { corrupt, type Corruption, corruption } from "./fuzz/corrupt_responses.ts";
import { badCommandLine, badCredentialsFile, badFile, badKey } from "./fuzz/bad_input.ts";
import { aContext } from "./support/cli_context.ts";
import { emptyFolder } from "./support/main_job.ts";
import { virtualClock } from "./support/virtual_clock.ts";
import { bufferedWriter } from "./support/writer.ts";
import { testRandom } from "./support/seeded_random.ts";

const SEED = Number(Deno.env.get("FUZZ_SEED") ?? 20_261_123);
const EXIT_CODES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 124];
const CASE_DEADLINE_MS = 20_000;

Deno.test("4000 bad command lines and files end with a documented exit code and a readable message", async () => {
  await using stage = await aStage();
  const property = asyncProperty(badCommandLine, badFile, async (args, file) => {
    await stage.call({ args, file });
  });
  await hold(property, { numRuns: 4_000, seed: SEED });
});

Deno.test("4000 corrupt responses end with a documented exit code and a readable message", async () => {
  await using stage = await aStage();
  const plan = record({
    args: constantFrom(...CALLS),
    /** How many responses precede the corrupt ones. */
    after: integer({ min: 0, max: 4 }),
    corruptions: array(corruption, { minLength: 1, maxLength: 6 }),
  });
  const property = asyncProperty(plan, async ({ args, after, corruptions }) => {
    await stage.call({ args, corruptionOf: (index) => corruptions[index - after] });
  });
  await hold(property, { numRuns: 4_000, seed: SEED });
});

Deno.test("2000 bad API keys and credentials files end with a documented exit code and a readable message", async () => {
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

interface Case {
  readonly args: readonly string[];
  readonly file?: string;
  readonly key?: string;
  readonly credentials?: string;
  /** How to corrupt the call's n-th response. */
  readonly corruptionOf?: (index: number) => Corruption | undefined;
}

async function aStage() {
  const clock = virtualClock();
  const simulator = await startSimulator({ clock });
  const state = await emptyFolder();
  return {
    call: (fuzzCase: Case) => callAndCheck(fuzzCase, { simulator, clock, state: state.path }),
    async [Symbol.asyncDispose]() {
      await simulator[Symbol.asyncDispose]();
      await state[Symbol.asyncDispose]();
    },
  };
}

async function callAndCheck(
  { args, file, key, credentials, corruptionOf = () => undefined }: Case,
  { simulator, clock, state }: {
    readonly simulator: Simulator;
    readonly clock: Context["clock"];
    readonly state: string;
  },
): Promise<void> {
  const [stdout, stderr] = [bufferedWriter(), bufferedWriter()];
  let responses = 0;
  const env: Record<string, string | undefined> = {
    PW_API_KEY: key ?? simulator.key,
    PW_STATE_DIR: state,
    HOME: "/home/user",
  };
  const context = aContext({
    args: withTimeout(args),
    env: (name) => env[name],
    stdin: { isTerminal: false, readText: () => Promise.resolve(file ?? "") },
    stdout,
    stderr,
    clock,
    random: testRandom(),
    fetch: async (...request) => {
      const response = await fetch(...request);
      const corruption = corruptionOf(responses++);
      return corruption === undefined ? response : await corrupt(response, corruption);
    },
    readTextFile: (path) => {
      const text = /credentials$/.test(path) ? credentials : file;
      return text === undefined ? Promise.reject(new Deno.errors.NotFound(path)) : Promise.resolve(text);
    },
    checkNewFile: () => Promise.resolve(),
    writeNewFile: () => Promise.resolve(),
    listFiles: () => Promise.resolve([]),
  });
  const code = await withinDeadline(runCommandLine(context));
  const [errors, output] = [stderr.text(), stdout.text()];
  const details = `exit ${code}\n${errors}\n${output.slice(0, 2_000)}`;
  assert.ok(EXIT_CODES.includes(code), details);
  assert.ok(!/^ {4}at /m.test(errors), details);
  assert.ok(!/\[object Object\]|\bundefined\b|\bNaN\b/.test(withoutArguments(errors, args)), details);
  if (args.includes("--json") && !args.includes("--help") && !args.includes("--") && output !== "") {
    JSON.parse(output);
  }
}

/** Without a timeout some calls would wait forever. */
function withTimeout(args: readonly string[]): readonly string[] {
  return ["run", "watch", "resume", "rerun"].includes(args[0] ?? "") && !args.includes("--timeout")
    ? [...args, "--timeout", "2m"]
    : args;
}

/** Messages may quote the arguments. */
function withoutArguments(message: string, args: readonly string[]): string {
  return args.filter((arg) => arg !== "").reduce((text, arg) => text.replaceAll(arg, ""), message);
}

async function withinDeadline(call: Promise<number>): Promise<number> {
  let id: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    id = setTimeout(() => reject(new Error("the call does not end")), CASE_DEADLINE_MS);
  });
  try {
    return await Promise.race([call, late]);
  } finally {
    clearTimeout(id);
  }
}
