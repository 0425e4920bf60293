/** The output of --events conforms to docs/events.schema.json. */

import assert from "node:assert/strict";
import { fastClock, systemClock } from "../lib/clock.ts";
import type { Simulator, SimulatorOptions } from "../lib/simulator/simulator.ts";
import { startSimulator } from "../lib/simulator/start.ts";
import { Ajv2020 } from "./deps/ajv.ts";
import { emptyFolder } from "./support/main_job.ts";
import { runProgram } from "./support/program.ts";

const SCHEMA = JSON.parse(await Deno.readTextFile(new URL("../docs/events.schema.json", import.meta.url)));
const isEvent = new Ajv2020({ allErrors: true, strict: false }).compile(SCHEMA);

interface Row {
  readonly args: readonly string[];
  readonly options?: SimulatorOptions;
  /** The output must contain these event types. */
  readonly types: readonly string[];
  /** A call that is run first. */
  readonly before?: readonly string[];
  readonly onStderr?: (simulator: Simulator) => void;
}

const ROWS: readonly Row[] = [
  { args: ["run", "quick"], types: ["submitting", "started", "status", "finished"] },
  { args: ["run", "failing-step"], types: ["finished"] },
  { args: ["run", "quick", "--no-wait"], types: ["started", "detached"] },
  { args: ["run", "never-ending", "--timeout", "20s"], types: ["started", "finished"] },
  {
    args: ["run", "quick", "--idempotency-key", "k"],
    before: ["run", "quick", "--idempotency-key", "k"],
    types: ["key-matched", "finished"],
  },
  { args: ["run", "no-such-workflow"], types: ["error"] },
  { args: ["run", "hello-world", "-i", "hello.message:=7"], types: ["error"] },
  {
    args: ["run", "quick"],
    options: { faults: [{ on: "submit", cut: "after-effect" }] },
    types: ["submit-delayed", "started", "finished"],
  },
  {
    args: ["run", "quick"],
    options: { faults: [{ on: "submit", status: 429, retryAfter: "1" }] },
    types: ["submit-delayed", "finished"],
  },
  { args: ["watch", "hello-world#46"], types: ["started", "status", "finished"] },
];

for (const { args, options = {}, types, before } of ROWS) {
  const what = Object.keys(options).length === 0 ? "" : ` with ${JSON.stringify(options.faults)}`;
  Deno.test(`each line of \`${args.join(" ")} --events\`${what} conforms to the schema`, async () => {
    await using state = await emptyFolder();
    await using simulator = await startSimulator({ clock: fastClock(systemClock, 30), ...options });
    const env = { PW_API_KEY: simulator.key, PW_STATE_DIR: state.path };
    if (before !== undefined) await runProgram({ args: before, env });
    const { stdout } = await runProgram({ args: [...args, "--events"], env });
    const lines: { type: string }[] = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    for (const line of lines) assert.ok(isEvent(line), `${JSON.stringify(line)}\n${JSON.stringify(isEvent.errors)}`);
    const seen = new Set(lines.map(({ type }) => type));
    for (const type of types) assert.ok(seen.has(type), `no ${type} among ${[...seen].join()}`);
  });
}

Deno.test("the schema rejects invalid events", () => {
  for (
    const line of [{}, { v: 1, type: "status" }, {
      v: 2,
      type: "connection-lost",
      submissionId: "w",
      atMs: 1,
      reason: "x",
    }]
  ) {
    assert.ok(!isEvent(line), JSON.stringify(line));
  }
});
