import assert from "node:assert/strict";
import { startSimulator } from "../../../lib/simulator/start.ts";
import { cliStage } from "../../support/cli_stage.ts";
import { type MainCall, startMain } from "../../support/main_call.ts";
import { emptyFolder } from "../../support/main_job.ts";
import { submittedTo } from "../../support/received.ts";
import { virtualClock } from "../../support/virtual_clock.ts";

const VAULT = `on:
  execute:
    inputs:
      password: { type: password }
      note: { type: string }
jobs:
  main:
    steps:
      - name: work
        run: work
`;
const INPUTS = ["-i", "password=hunter2-planted", "-i", "note=first"];

Deno.test("rerun submits the inputs of the local history, with its -i on top", async () => {
  await using stage = await aStage();
  await stage.program(["run", "quick", "-i", '{"a": 1, "b": {"c": 2, "d": 3}}', "--no-check"]);
  assert.equal((await stage.program(["rerun", "last", "-i", "b.c=7", "--no-check"])).code, 0);
  assert.deepEqual(stage.inputs().at(-1), { a: 1, b: { c: 7, d: 3 } });
});

Deno.test("rerun last and history show last mean the latest run, also after the clock was set back", async () => {
  await using stage = await cliStage();
  await stage.call(["run", "quick", "-i", "a=2", "--no-check"]);
  const [own] = await stage.submissions();
  assert.ok(own !== undefined);
  const [createdAtMs, request] = [own.createdAtMs + 7_200_000, { ...own.request, inputs: { a: 1 } }];
  await stage.put({ ...own, submissionId: "before", revision: 0, createdAtMs, request });
  assert.match((await stage.call(["history", "show", "last"])).stdout, /"a": 2/);
  const { code, stderr } = await stage.call(["rerun", "last", "--no-check"]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(submittedTo(stage.simulator).map(({ inputs }) => inputs), [{ a: 2 }, { a: 2 }]);
});

Deno.test("rerun uses no record of another host or user", async () => {
  await using stage = await cliStage();
  await stage.call(["run", "quick", "-i", "a=1", "--no-check"]);
  const [own] = await stage.submissions();
  assert.ok(own?.state === "finished" && own.runId.type === "slug");
  const elsewhere = { ...own.owner, host: "elsewhere.example.com" };
  const [createdAtMs, request] = [own.createdAtMs + 1_000, { ...own.request, inputs: { a: "elsewhere" } }];
  await stage.put({ ...own, submissionId: "elsewhere", revision: 0, owner: elsewhere, createdAtMs, request });
  for (const name of ["last", `quick#${own.result.runNumber}`, own.runId.slug]) {
    const { code, stderr } = await stage.call(["rerun", name, "--no-check"]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(submittedTo(stage.simulator).at(-1)?.inputs, { a: 1 }, name);
  }
});

Deno.test("rerun without a terminal names the secrets that are missing, and submits nothing", async () => {
  await using stage = await aStage();
  await stage.program(["run", "vault", ...INPUTS]);
  const { code, stderr } = await stage.program(["rerun", "last"]);
  assert.equal(code, 2);
  assert.match(
    stderr,
    /secrets are missing, nothing was submitted\n.*password +is a secret, and secrets are not stored/,
  );
  assert.equal(stage.inputs().length, 1);
});

Deno.test("rerun asks for no secret that its -i sets", async () => {
  await using stage = await aStage();
  await stage.program(["run", "vault", ...INPUTS]);
  for (const given of ["password=other-secret", '{"password": "other-secret"}']) {
    assert.equal((await stage.program(["rerun", "last", "-i", given])).code, 0);
    assert.deepEqual(stage.inputs().at(-1), { password: "other-secret", note: "first" });
  }
});

Deno.test("rerun asks for no secret inside of an object that its -i sets", async () => {
  await using stage = await aStage();
  await stage.program(["run", "quick", "-i", "login.password=hunter2-planted", "--no-check"]);
  const { code, stderr } = await stage.program([
    "rerun",
    "last",
    "--no-check",
    "-i",
    'login:={"password":"other-secret"}',
  ]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(stage.inputs().at(-1), { login: { password: "other-secret" } });
});

Deno.test("rerun at a terminal prompts for each secret, and prints none", async () => {
  await using stage = await aStage();
  await stage.program(["run", "vault", ...INPUTS]);
  const { code, stdout, stderr } = await stage.program(["rerun", "last"], { lines: [], secret: "typed-secret" });
  assert.equal(code, 0);
  assert.deepEqual(stage.inputs().at(-1), { password: "typed-secret", note: "first" });
  assert.doesNotMatch(stdout + stderr, /hunter2-planted|typed-secret/);
});

Deno.test("what was typed without echo stays secret in a rerun that sets it in another way", async () => {
  await using stage = await aStage();
  const typed = { lines: [], secret: "typed-secret" };
  await stage.program(["run", "quick", "-i", "note=@-", "-i", "rows[0]=@-", "--no-check"], typed);
  for (const given of ["note=planted-again", '{"note": "planted-again"}']) {
    const end = await stage.program(["rerun", "last", "--no-check", "-i", given], typed);
    assert.equal(end.code, 0, end.stderr);
    assert.deepEqual(stage.inputs().at(-1), { note: "planted-again", rows: ["typed-secret"] });
    const { stdout } = await stage.program(["history", "show", "last"]);
    assert.doesNotMatch(stdout, /planted-again|typed-secret/);
  }
});

Deno.test("rerun of a run that was not started here reads its inputs from the platform", async () => {
  await using stage = await aStage();
  await stage.program(["run", "quick", "-i", "a=1", "--no-check", "--no-history"]);
  const slug = stage.simulator.runs()[0]?.slug ?? "";
  const end = await stage.program(["rerun", slug, "--no-check"]);
  assert.equal(end.code, 0, end.stderr);
  assert.deepEqual(stage.inputs(), [{ a: 1 }, { a: 1 }]);
});

for (const number of ["9007199254740993", "1e400"]) {
  Deno.test(`rerun refuses the number ${number} of the platform's run, which would be sent as another one`, async () => {
    await using stage = await aStage();
    await stage.program(["run", "quick", "-i", "a.b=4242", "-i", "c=1", "--no-check", "--no-history"]);
    const slug = stage.simulator.runs()[0]?.slug ?? "";
    const parts = { fetch: replacingFetch("4242", number) };
    for (const checking of [[], ["--no-check"]]) {
      const { code, stderr } = await stage.program(["rerun", slug, ...checking], parts);
      assert.equal(code, 2);
      assert.match(stderr, new RegExp(`run ${slug} +a\\.b +cannot be sent exactly as a number: give it as text`));
    }
    assert.equal(stage.inputs().length, 1);
    const { code } = await stage.program(["rerun", slug, "--no-check", "-i", `a.b=${number}`], parts);
    assert.equal(code, 0);
    assert.deepEqual(stage.inputs().at(-1), { a: { b: number }, c: 1 });
  });
}

/** Replaces text in responses, as a server with other numbers would send it. */
function replacingFetch(text: string, by: string): typeof globalThis.fetch {
  return async (url, init) => {
    const response = await fetch(url, init);
    const isJson = response.headers.get("content-type")?.includes("json") === true;
    return isJson ? new Response((await response.text()).replaceAll(text, by), response) : response;
  };
}

async function aStage() {
  const clock = virtualClock();
  const simulator = await startSimulator({ clock, workflows: { vault: VAULT } });
  const state = await emptyFolder();
  return {
    simulator,
    inputs: () => submittedTo(simulator).map(({ inputs }) => inputs),
    program: (args: readonly string[], parts: Partial<MainCall> = {}) =>
      startMain({ args, key: simulator.key, clock, env: { PW_STATE_DIR: state.path }, ...parts }).end,
    async [Symbol.asyncDispose]() {
      await simulator[Symbol.asyncDispose]();
      await state[Symbol.asyncDispose]();
    },
  };
}
