/** Reproduces each row of the table of faults in docs/troubleshooting.md: the quoted output and the exit code must match. */

import assert from "node:assert/strict";
import type { Fault, ServerBehavior, Simulator } from "../lib/simulator/simulator.ts";
import { startSimulator } from "../lib/simulator/start.ts";
import { CLOSED_PORT } from "./platform/support/servers.ts";
import { EPOCH_VARIABLE, sharedClock, SPEED_VARIABLE } from "./support/fast_main.ts";
import { emptyFolder } from "./support/main_job.ts";
import { type ProgramEnd, runProgram } from "./support/program.ts";
import { openRunStore } from "./support/run_store.ts";
import { faultTable } from "./support/documents.ts";

const SPEED = 60;
const FAST_MAIN = new URL("./support/fast_main.ts", import.meta.url).href;
/** Its run ends after a second on the simulator's clock. */
const QUICK = ["run", "quick"];

/** An API key whose host has no server. */
function keyWithoutServer(): string {
  return `pwt_${btoa(`http://127.0.0.1:${CLOSED_PORT}`)}.rest`;
}

interface Stage {
  readonly simulator: Simulator;
  readonly state: string;
  /** Called once, when the next submit has arrived and before it takes effect. */
  onSubmit(call: () => void): void;
  program(args: readonly string[], call?: Partial<Parameters<typeof runProgram>[0]>): Promise<ProgramEnd>;
}

interface Scenario {
  readonly behavior?: Partial<ServerBehavior>;
  readonly faults?: readonly Fault[];
  /** By default `run quick`. */
  readonly act?: (stage: Stage) => Promise<ProgramEnd>;
  /** The number of runs in the end. */
  readonly runs: number;
}

/** By the first cell of the row. */
const SCENARIOS: Readonly<Record<string, Scenario>> = {
  "no server listens at the host": {
    act: ({ program }) => program(QUICK, { env: { PW_API_KEY: keyWithoutServer() } }),
    runs: 0,
  },
  "the host stays unavailable during the submit": {
    faults: [{ on: "submit", status: 429, times: Infinity }],
    act: ({ program }) => program([...QUICK, "--submit-timeout", "20s"]),
    runs: 0,
  },
  "429 with Retry-After": { faults: [{ on: "submit", status: 429, retryAfter: "7" }], runs: 1 },
  "the submit response is cut off": { faults: [{ on: "submit", cut: "after-effect" }], runs: 1 },
  "a gateway times out during the submit": { faults: [{ on: "submit", statusAfterEffect: 504 }], runs: 1 },
  "the submit response is unreadable": { faults: [{ on: "submit", body: "html" }], runs: 1 },
  "the submit is cut off before it takes effect": { faults: [{ on: "submit", cut: "before-effect" }], runs: 0 },
  "the same, on a host known to reject duplicate slugs": {
    faults: [{ on: "submit", cut: "before-effect" }],
    act: async ({ simulator, state, program }) => {
      await using store = openRunStore(`${state}/history.db`);
      await store.updateCapabilities(new URL(simulator.url).host, { keepsSlug: true, refusesDuplicateSlug: true });
      return await program(QUICK);
    },
    runs: 1,
  },
  "the server assigns slugs, and the response is cut off": {
    behavior: { slugs: "ignored" },
    faults: [{ on: "submit", cut: "after-effect" }],
    runs: 1,
  },
  "409, as for two simultaneous launches": { faults: [{ on: "submit", status: 409 }], runs: 1 },
  "the workspace is off": {
    behavior: { workspace: "Starting", workspaceErrorStatus: 400 },
    act: ({ simulator, program }) =>
      program(QUICK, {
        onStderr: (text) => {
          if (text.includes("workspace")) simulator.setBehavior({ workspace: "Running" });
        },
      }),
    runs: 1,
  },
  "the API key is rejected": { act: ({ simulator, program }) => program(QUICK, keyOf(simulator, "expired")), runs: 0 },
  "the API key expires during the wait": {
    act: ({ simulator, program }) =>
      program(["run", "never-ending"], {
        onStderr: (text) => {
          if (text.includes("started")) simulator.expireKeys("demo");
        },
      }),
    runs: 1,
  },
  "the host is unreachable for minutes during the wait": {
    faults: [{ on: "get-run", status: 503, times: 12 }],
    act: ({ program }) => program(["run", "hello-world", "--no-check", "-i", "inputs/hello-world.json"]),
    runs: 1,
  },
  "the host stays unreachable during the wait": {
    faults: [{ on: "get-run", cut: "before-effect", times: Infinity }],
    act: ({ program }) => program(["run", "never-ending", "--unreachable-timeout", "2m"]),
    runs: 1,
  },
  "a response during the wait is unreadable": { faults: [{ on: "get-run", body: "malformed", times: 3 }], runs: 1 },
  "the run is cancelled on the platform": {
    act: ({ simulator, program }) =>
      program(["run", "never-ending"], {
        onStderr: (text) => {
          const [slug] = /never-ending-[a-z2-7]{16}/.exec(text) ?? [];
          if (slug !== undefined && text.includes("started")) simulator.cancelExternally(slug);
        },
      }),
    runs: 1,
  },
  "the run is deleted on the platform": {
    act: ({ simulator, program }) =>
      program(["run", "never-ending"], {
        onStderr: (text) => {
          const [slug] = /never-ending-[a-z2-7]{16}/.exec(text) ?? [];
          if (slug !== undefined && text.includes("started")) simulator.deleteExternally(slug);
        },
      }),
    runs: 1,
  },
  "--timeout expires": { act: ({ program }) => program(["run", "never-ending", "--timeout", "30s"]), runs: 1 },
  "Ctrl-C": { act: ({ program }) => program(["run", "never-ending"], killedBy("SIGINT")), runs: 1 },
  "SIGTERM, for example from a batch scheduler": {
    act: ({ program }) => program(["run", "never-ending"], killedBy("SIGTERM")),
    runs: 1,
  },
  "the terminal is closed": { act: ({ program }) => program(["run", "never-ending"], killedBy("SIGHUP")), runs: 1 },
  "kill -9 or a power failure": {
    act: async ({ program, onSubmit }) => {
      await program(QUICK, { onStart: (child) => onSubmit(() => child.kill("SIGKILL")) });
      return await program(["resume"]);
    },
    runs: 1,
  },
  "the local history cannot be written": {
    act: async ({ state, program }) => {
      await Deno.writeTextFile(`${state}/file`, "");
      return await program(QUICK, { env: { PW_STATE_DIR: `${state}/file` } });
    },
    runs: 0,
  },
  "the local history is damaged": {
    act: async ({ state, program }) => {
      await Deno.writeTextFile(`${state}/history.db`, "damaged\n".repeat(1_000));
      return await program(QUICK);
    },
    runs: 1,
  },
  "the same idempotency key on two machines": {
    act: async ({ program, state }) => {
      await program([...QUICK, "--idempotency-key", "nightly"]);
      return await program([...QUICK, "--idempotency-key", "nightly"], { env: { PW_STATE_DIR: `${state}/other` } });
    },
    runs: 1,
  },
  "the same idempotency key with different inputs": {
    act: async ({ program }) => {
      await program([...QUICK, "--idempotency-key", "nightly"]);
      return await program([...QUICK, "--idempotency-key", "nightly", "--no-check", "-i", "a=1"]);
    },
    runs: 1,
  },
};

const rows = await faultTable("fault");

for (const [fault = "", seen = "", code = ""] of rows) {
  Deno.test(`docs/troubleshooting.md describes correctly: ${fault}`, async () => {
    const scenario = SCENARIOS[fault];
    assert.ok(scenario !== undefined, "no scenario for this row");
    await using state = await emptyFolder();
    const epochMs = Date.now();
    let whenSubmitted = () => {};
    const simulator = await startSimulator({
      clock: sharedClock(epochMs, SPEED),
      onStep(operation, step) {
        if (operation !== "submit" || step !== "arrived") return;
        whenSubmitted();
        whenSubmitted = () => {};
      },
      ...(scenario.behavior === undefined ? {} : { behavior: scenario.behavior }),
      ...(scenario.faults === undefined ? {} : { faults: scenario.faults }),
    });
    const env = {
      PW_API_KEY: simulator.key,
      PW_STATE_DIR: state.path,
      [EPOCH_VARIABLE]: String(epochMs),
      [SPEED_VARIABLE]: String(SPEED),
    };
    const stage: Stage = {
      simulator,
      state: state.path,
      onSubmit: (call) => void (whenSubmitted = call),
      program: (args, call = {}) => runProgram({ ...call, args, entry: FAST_MAIN, env: { ...env, ...call.env } }),
    };
    try {
      const end = await (scenario.act ?? (({ program }) => program(QUICK)))(stage);
      const output = end.stderr + end.stdout;
      for (const [, quoted = ""] of seen.matchAll(/`([^`]+)`/g)) assert.match(output, asPattern(quoted));
      assert.equal(end.code, Number(code), output);
      assert.equal(simulator.runs().length, scenario.runs);
    } finally {
      await simulator[Symbol.asyncDispose]();
    }
  });
}

Deno.test("docs/troubleshooting.md lists every scenario", () => {
  const listed = new Set(rows.map(([fault]) => fault));
  assert.deepEqual(Object.keys(SCENARIOS).filter((fault) => !listed.has(fault)), []);
});

function keyOf(simulator: Simulator, user: string) {
  return { env: { PW_API_KEY: simulator.keyFor(user) } };
}

function killedBy(signal: Deno.Signal) {
  let isSent = false;
  return {
    onStderr(text: string, child: Deno.ChildProcess) {
      if (isSent || !text.includes("started")) return;
      isSent = true;
      child.kill(signal);
    },
  };
}

/** `…` matches any text. */
function asPattern(quoted: string): RegExp {
  return new RegExp(quoted.split("…").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("[^]*?"));
}
