/** Each row of the README's table of faults, done: what the user sees is there, and so is the exit code. */

import assert from "node:assert/strict";
import type { Fault, ServerBehavior, Simulator } from "../lib/simulator/simulator.ts";
import { startSimulator } from "../lib/simulator/start.ts";
import { EPOCH_VARIABLE, sharedClock, SPEED_VARIABLE } from "./support/fast_main.ts";
import { emptyFolder } from "./support/main_job.ts";
import { type Ending, runProgram } from "./support/program.ts";
import { readmeTable } from "./support/readme.ts";

const SPEED = 60;
const FAST_MAIN = new URL("./support/fast_main.ts", import.meta.url).href;
/** Ends on its own after a second, on the simulator's clock. */
const QUICK = ["run", "quick"];

/** Its host is a port where nobody listens any more. */
function keyOfNobody(): string {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return `pwt_${btoa(`http://127.0.0.1:${listener.addr.port}`)}.rest`;
}

interface Stage {
  readonly simulator: Simulator;
  readonly state: string;
  program(args: readonly string[], call?: Partial<Parameters<typeof runProgram>[0]>): Promise<Ending>;
}

interface Scenario {
  readonly behavior?: Partial<ServerBehavior>;
  readonly faults?: readonly Fault[];
  /** The one run when it isn't given. */
  readonly act?: (stage: Stage) => Promise<Ending>;
  /** How many runs there are in the end. */
  readonly runs: number;
}

/** By the first cell of the table's row. */
const SCENARIOS: Readonly<Record<string, Scenario>> = {
  "nobody listens at the host": {
    act: ({ program }) => program(QUICK, { env: { PW_API_KEY: keyOfNobody() } }),
    runs: 0,
  },
  "the host stays away while the submit is sent": {
    faults: [{ on: "submit", status: 429, times: Infinity }],
    act: ({ program }) => program([...QUICK, "--submit-timeout", "20s"]),
    runs: 0,
  },
  "429 with Retry-After": { faults: [{ on: "submit", status: 429, retryAfter: "7" }], runs: 1 },
  "the submit's answer is cut off": { faults: [{ on: "submit", cut: "after-effect" }], runs: 1 },
  "a gateway gives up on the submit": { faults: [{ on: "submit", statusAfterEffect: 504 }], runs: 1 },
  "the submit's answer can't be read": { faults: [{ on: "submit", body: "html" }], runs: 1 },
  "the submit is cut off before it took effect": { faults: [{ on: "submit", cut: "before-effect" }], runs: 0 },
  "the same, on a host known to refuse a second run of a slug": {
    faults: [{ on: "submit", cut: "before-effect" }],
    act: async ({ simulator, state, program }) => {
      const { openSqliteRunStore } = await import("../lib/store/sqlite_run_store.ts");
      await using store = await openSqliteRunStore({ path: `${state}/ledger.db`, nowMs: 0, onSetAside: () => {} });
      await store.updateCapabilities(new URL(simulator.url).host, { keepsSlug: true, refusesDuplicateSlug: true });
      return await program(QUICK);
    },
    runs: 1,
  },
  "the server chooses slugs itself, and the answer is cut off": {
    behavior: { slugs: "ignored" },
    faults: [{ on: "submit", cut: "after-effect" }],
    runs: 1,
  },
  "409, as for two launches at once": { faults: [{ on: "submit", status: 409 }], runs: 1 },
  "the workspace sleeps": {
    behavior: { workspace: "Starting", workspaceErrorStatus: 400 },
    act: ({ simulator, program }) =>
      program(QUICK, {
        onStderr: (text) => {
          if (text.includes("workspace")) simulator.setBehavior({ workspace: "Running" });
        },
      }),
    runs: 1,
  },
  "the key is refused": { act: ({ simulator, program }) => program(QUICK, keyOf(simulator, "expired")), runs: 0 },
  "the key expires during the wait": {
    act: ({ simulator, program }) =>
      program(["run", "never-ending"], {
        onStderr: (text) => {
          if (text.includes("started")) simulator.expireKeys("demo");
        },
      }),
    runs: 1,
  },
  "the host is away for minutes during the wait": {
    faults: [{ on: "get-run", status: 503, times: 12 }],
    act: ({ program }) => program(["run", "hello-world", "--no-check", "-i", "inputs/hello-world.json"]),
    runs: 1,
  },
  "the host stays away during the wait": {
    faults: [{ on: "get-run", cut: "before-effect", times: Infinity }],
    act: ({ program }) => program(["run", "never-ending", "--unreachable-timeout", "2m"]),
    runs: 1,
  },
  "an answer during the wait can't be read": { faults: [{ on: "get-run", body: "malformed", times: 3 }], runs: 1 },
  "somebody cancels the run on the platform": {
    act: ({ simulator, program }) =>
      program(["run", "never-ending"], {
        onStderr: (text) => {
          const [slug] = /never-ending-[a-z2-7]{16}/.exec(text) ?? [];
          if (slug !== undefined && text.includes("started")) simulator.cancelFromOutside(slug);
        },
      }),
    runs: 1,
  },
  "somebody deletes the run on the platform": {
    act: ({ simulator, program }) =>
      program(["run", "never-ending"], {
        onStderr: (text) => {
          const [slug] = /never-ending-[a-z2-7]{16}/.exec(text) ?? [];
          if (slug !== undefined && text.includes("started")) simulator.deleteFromOutside(slug);
        },
      }),
    runs: 1,
  },
  "our own deadline passes": { act: ({ program }) => program(["run", "never-ending", "--timeout", "30s"]), runs: 1 },
  "Ctrl-C": { act: ({ program }) => program(["run", "never-ending"], killedBy("SIGINT")), runs: 1 },
  "SIGTERM, as from a scheduler": {
    act: ({ program }) => program(["run", "never-ending"], killedBy("SIGTERM")),
    runs: 1,
  },
  "the terminal is closed": { act: ({ program }) => program(["run", "never-ending"], killedBy("SIGHUP")), runs: 1 },
  "kill -9, or the power fails": {
    act: async ({ program }) => {
      await program(QUICK, killedBy("SIGKILL", /Submitting/));
      return await program(["resume"]);
    },
    runs: 1,
  },
  "the history can't be written": {
    act: async ({ state, program }) => {
      await Deno.writeTextFile(`${state}/file`, "");
      return await program(QUICK, { env: { PW_STATE_DIR: `${state}/file` } });
    },
    runs: 0,
  },
  "the history is damaged": {
    act: async ({ state, program }) => {
      await Deno.writeTextFile(`${state}/ledger.db`, "damaged\n".repeat(1_000));
      return await program(QUICK);
    },
    runs: 1,
  },
  "the same wish from two machines, under one key": {
    act: async ({ program, state }) => {
      await program([...QUICK, "--idempotency-key", "nightly"]);
      return await program([...QUICK, "--idempotency-key", "nightly"], { env: { PW_STATE_DIR: `${state}/other` } });
    },
    runs: 1,
  },
  "the same key with other inputs": {
    act: async ({ program }) => {
      await program([...QUICK, "--idempotency-key", "nightly"]);
      return await program([...QUICK, "--idempotency-key", "nightly", "--no-check", "-i", "a=1"]);
    },
    runs: 1,
  },
};

const rows = await readmeTable("fault");

for (const [fault = "", seen = "", code = ""] of rows) {
  Deno.test(`the README's word on "${fault}" is true`, async () => {
    const scenario = SCENARIOS[fault];
    assert.ok(scenario !== undefined, "no scenario plays this row");
    await using state = await emptyFolder();
    const epochMs = Date.now();
    const simulator = await startSimulator({
      clock: sharedClock(epochMs, SPEED),
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
      program: (args, call = {}) => runProgram({ ...call, args, entry: FAST_MAIN, env: { ...env, ...call.env } }),
    };
    try {
      const end = await (scenario.act ?? (({ program }) => program(QUICK)))(stage);
      const said = end.stderr + end.stdout;
      for (const [, quoted = ""] of seen.matchAll(/`([^`]+)`/g)) assert.match(said, asPattern(quoted));
      assert.equal(end.code, Number(code), said);
      assert.equal(simulator.runs().length, scenario.runs);
    } finally {
      await simulator[Symbol.asyncDispose]();
    }
  });
}

Deno.test("every fault that is played stands in the README", () => {
  const told = new Set(rows.map(([fault]) => fault));
  assert.deepEqual(Object.keys(SCENARIOS).filter((fault) => !told.has(fault)), []);
});

function keyOf(simulator: Simulator, user: string) {
  return { env: { PW_API_KEY: simulator.keyFor(user) } };
}

function killedBy(signal: Deno.Signal, when = /started/) {
  let isSent = false;
  return {
    onStderr(text: string, child: Deno.ChildProcess) {
      if (isSent || !when.test(text)) return;
      isSent = true;
      child.kill(signal);
    },
  };
}

/** What is quoted, with … for what differs from time to time. */
function asPattern(quoted: string): RegExp {
  return new RegExp(quoted.split("…").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("[^]*?"));
}
