/** The output of --events conforms to docs/events.schema.json. */

import assert from "node:assert/strict";
import { fastClock, systemClock } from "../lib/clock.ts";
import type { Simulator, SimulatorOptions } from "../lib/simulator/simulator.ts";
import { startSimulator } from "../lib/simulator/start.ts";
import { Ajv2020 } from "./deps/ajv.ts";
import { cliStage } from "./support/cli_stage.ts";
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
  { args: ["run", "quick", "--idempotency-key", "k"], types: ["submitting", "key-guarantee", "finished"] },
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
  {
    args: ["run", "quick", "--max-poll-interval", "1s"],
    options: { faults: [{ on: "get-run", status: 503, retryAfter: "3" }] },
    types: ["poll-delayed", "finished"],
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

Deno.test("an unknown status and a lost connection are events that conform to the schema", async () => {
  let polls = 0;
  await using stage = await cliStage({
    onStep(operation, step) {
      const slug = stage.simulator.runs()[0]?.slug;
      if (operation !== "get-run" || step !== "responded" || slug === undefined) return;
      polls++;
      if (polls === 1) stage.simulator.overrideStatus(slug, "hibernating");
      if (polls === 3) stage.simulator.addFaults({ on: "get-run", status: 503, times: 12 });
      if (polls === 20) stage.simulator.overrideStatus(slug, null);
    },
  });
  const { stdout } = await stage.call(["run", "hello-world", "-i", "inputs/hello-world.json", "--events"]);
  const lines: { type: string }[] = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  for (const line of lines) assert.ok(isEvent(line), `${JSON.stringify(line)}\n${JSON.stringify(isEvent.errors)}`);
  const types = lines.map(({ type }) => type).filter((type) => type !== "status");
  assert.deepEqual(types, [
    "submitting",
    "started",
    "unknown-status",
    "connection-lost",
    "connection-restored",
    "finished",
  ]);
});

const COMMON = ["v", "type", "submissionId", "atMs"];

Deno.test("the schema has exactly these events, each with these members", () => {
  const events = SCHEMA.oneOf.map(({ properties }: { properties: { type: { const: string } } }) =>
    [properties.type.const, Object.keys(properties)] as const
  );
  assert.deepEqual(Object.fromEntries(events), {
    submitting: [...COMMON, "workflow", "host", "user", "slug"],
    "key-matched": [...COMMON, "idempotencyKey", "slug"],
    "key-guarantee": [...COMMON, "guarantee"],
    "duplicate-cancelled": [...COMMON, "slug", "keptSlug"],
    "submit-delayed": [...COMMON, "reason", "detail", "untilMs"],
    started: [...COMMON, "workflow", "slug", "number", "isAttached", "deadlineAtMs"],
    status: [...COMMON, "status", "platformStatus", "elapsedMs", "position", "timeLeft"],
    "unknown-status": [...COMMON, "platformStatus"],
    "poll-delayed": [...COMMON, "reason", "untilMs"],
    "connection-lost": [...COMMON, "reason"],
    "connection-restored": [...COMMON, "outageMs"],
    finished: [...COMMON, "result"],
    detached: ["v", "type", "result"],
    error: ["v", "type", "error", "exitCode", "kind", "submitted"],
  });
});

for (
  const [name, values] of [
    ["reason", ["unreachable", "rate-limited", "conflict", "reconciling", "workspace"]],
    ["status", ["running", "completed", "failed", "cancelled"]],
  ] as const
) {
  Deno.test(`the schema allows exactly ${values.join(", ")} as ${name}`, () => {
    const found = SCHEMA.oneOf.flatMap(({ properties }: { properties: Record<string, { enum?: string[] }> }) =>
      properties[name]?.enum === undefined ? [] : [properties[name].enum]
    );
    assert.deepEqual(found, [values]);
  });
}

Deno.test("the schema describes every member and kind of a result", () => {
  const { properties } = SCHEMA.$defs.result;
  assert.deepEqual(
    Object.keys(properties),
    ("workflowName workflowId runNumber slug status platformStatus startedAt completedAt durationSeconds " +
      "errorMessage jobs outputs links kind submitted failure session message exitCode").split(" "),
  );
  assert.deepEqual(properties.kind.enum.toSorted(), [
    "cancelled",
    "completed",
    "connection_lost",
    "credential_expired",
    "failed",
    "run_deleted",
    "session_ready",
    "submit_unknown",
    "submitted",
    "timeout",
  ]);
});

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
