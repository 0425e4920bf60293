import assert from "node:assert/strict";
import { fastClock, systemClock } from "../../../lib/clock.ts";
import type { Quirks } from "../../../lib/simulator/simulator.ts";
import { startSimulator } from "../../../lib/simulator/start.ts";
import { emptyFolder } from "../../support/main_job.ts";
import { runProgram } from "../../support/program.ts";

interface Check {
  readonly name: string;
  readonly status: string;
  readonly detail: string;
  readonly hint: string | null;
}

interface Row {
  readonly when: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly quirks?: Partial<Quirks>;
  readonly isDead?: boolean;
  readonly code: number;
  /** The checks that are to be so; `detail` has to hold the text. */
  readonly want: Readonly<Record<string, readonly [status: string, text: string]>>;
}

const ROWS: readonly Row[] = [
  {
    when: "all is well",
    code: 0,
    want: {
      credential: ["ok", "a pwt key for 127.0.0.1:"],
      connection: ["ok", "answers in"],
      clock: ["ok", "agrees"],
      account: ["ok", "demo"],
      routes: ["ok", "the current ones"],
      workspace: ["ok", "Running"],
      history: ["ok", "nothing was run from here yet"],
      versions: ["ok", `Deno ${Deno.version.deno}`],
      settings: ["ok", "PW_API_KEY"],
    },
  },
  {
    when: "there is no key",
    env: { PW_API_KEY: "" },
    code: 4,
    want: {
      credential: ["failed", "Cannot find a key"],
      connection: ["skipped", "there is no key"],
      history: ["ok", ""],
    },
  },
  {
    when: "the key is malformed",
    env: { PW_API_KEY: "pwt_!!" },
    code: 4,
    want: { credential: ["failed", "PW_API_KEY"] },
  },
  {
    when: "the key is refused",
    user: "expired",
    code: 4,
    want: { connection: ["ok", ""], account: ["failed", "expired"], routes: ["skipped", ""] },
  },
  {
    when: "nobody listens",
    isDead: true,
    code: 8,
    want: { connection: ["failed", "refused"], account: ["skipped", ""] },
  },
  {
    when: "the clock is a minute off",
    quirks: { clockSkewMs: 60_000 },
    code: 0,
    want: { clock: ["warning", "differs from the platform's by"] },
  },
  {
    when: "the clock is an hour off",
    quirks: { clockSkewMs: 3_600_000 },
    code: 1,
    want: { clock: ["failed", "differs"] },
  },
  {
    when: "the server is an older one",
    quirks: { routes: "nested" },
    code: 0,
    want: { routes: ["warning", "an older server's"] },
  },
  { when: "the workspace is off", quirks: { workspace: "Off" }, code: 0, want: { workspace: ["warning", "Off"] } },
  {
    when: "a proxy is set with a password in it",
    env: { HTTPS_PROXY: "http://ann:hunter2@proxy.example:3128" },
    code: 0,
    want: { proxy: ["ok", "HTTPS_PROXY=http://•••@proxy.example:3128"] },
  },
  {
    when: "key and context are both set",
    env: { PW_CONTEXT: "work" },
    code: 0,
    want: { settings: ["warning", "comes before"] },
  },
];

for (const { when, env = {}, user, quirks = {}, isDead = false, code, want } of ROWS) {
  Deno.test(`doctor, when ${when}, says so and ends with ${code}`, async () => {
    await using state = await emptyFolder();
    const simulator = await startSimulator({ quirks, clock: fastClock(systemClock, 1) });
    const key = user === undefined ? simulator.key : simulator.keyFor(user);
    if (isDead) await simulator[Symbol.asyncDispose]();
    try {
      const place = { PW_API_KEY: key, PW_STATE_DIR: `${state.path}/new`, HOME: state.path, ...env };
      const json = await runProgram({ args: ["doctor", "--json"], env: place });
      const { checks, exitCode }: { checks: Check[]; exitCode: number } = JSON.parse(json.stdout);
      for (const [name, [status, text]] of Object.entries(want)) {
        const check = checks.find((check) => check.name === name);
        assert.equal(check?.status, status, `${name}: ${JSON.stringify(check)}`);
        assert.ok(check?.detail.includes(text), `${name}: ${check?.detail}`);
        if (status === "failed") assert.ok(check?.hint, `${name} does not say what to do`);
      }
      assert.deepEqual([json.code, exitCode], [code, code], json.stdout);
      const text = await runProgram({ args: ["doctor"], env: place });
      assert.equal(text.code, code);
      for (const said of [json, text]) {
        assert.ok(!said.stdout.includes(key.slice(4)) && !said.stdout.includes("hunter2"), said.stdout);
        assert.equal(said.stderr, "");
      }
      // It looks, and leaves things as they are.
      assert.deepEqual([...Deno.readDirSync(state.path)], []);
    } finally {
      if (!isDead) await simulator[Symbol.asyncDispose]();
    }
  });
}

Deno.test("doctor tells of a damaged history, and leaves it alone", async () => {
  await using state = await emptyFolder();
  await using simulator = await startSimulator();
  const path = `${state.path}/ledger.db`;
  await Deno.writeTextFile(path, "damaged\n".repeat(1_000));
  const env = { PW_API_KEY: simulator.key, PW_STATE_DIR: state.path };
  const { code, stdout } = await runProgram({ args: ["doctor"], env });
  assert.equal(code, 8);
  assert.match(stdout, /✗ history .*not a database\n.*sets the file aside/);
  assert.equal(await Deno.readTextFile(path), "damaged\n".repeat(1_000));
  assert.deepEqual([...Deno.readDirSync(state.path)].map(({ name }) => name), ["ledger.db"]);
});

Deno.test("doctor tells of a history that can't be written", async () => {
  await using state = await emptyFolder();
  await using simulator = await startSimulator();
  await Deno.writeTextFile(`${state.path}/file`, "");
  const env = { PW_API_KEY: simulator.key, PW_STATE_DIR: `${state.path}/file/below` };
  const { code, stdout } = await runProgram({ args: ["doctor"], env });
  assert.equal(code, 8, stdout);
  assert.match(stdout, /✗ history .*Cannot keep the history/);
});

Deno.test("doctor tells of runs whose outcome is unknown", async () => {
  await using state = await emptyFolder();
  await using simulator = await startSimulator({
    quirks: { routes: "nested", nestedRead: "run" },
    faults: [{ on: "submit", cut: "before-effect" }],
  });
  const env = { PW_API_KEY: simulator.key, PW_STATE_DIR: state.path };
  assert.equal((await runProgram({ args: ["run", "quick"], env })).code, 6);
  const { code, stdout } = await runProgram({ args: ["doctor"], env });
  assert.equal(code, 0);
  assert.match(stdout, /! history .*1 remembered, 1 of unknown outcome\n.*resume/);
});
