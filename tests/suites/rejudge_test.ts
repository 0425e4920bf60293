/** `--rejudge`: an edited suite on what the last call left behind; nothing is run. */

import assert from "node:assert/strict";
import { type CliStage, cliStage } from "../support/cli_stage.ts";
import { emptyFolder } from "../support/main_job.ts";

const YAML = "jobs:\n  main:\n    steps:\n      - name: solve\n        run: solve\n";
const WORKFLOWS = {
  ok: {
    yaml: YAML,
    scenario: { "main/solve": { lasts: "5s", logs: ["Triad: 90"], outputs: { energy: "-1.17" } } },
  },
  bad: { yaml: YAML, scenario: { "main/solve": { lasts: "2s", fails: true } } },
};
const A = "{ name: a, workflow: ok, expect: { outputs: { main.energy: { max: -2 } } } }";
const A_EDITED =
  "{ name: a, workflow: ok, expect: { outputs: { main.energy: { max: -1 } }, log: { contains: Triad } } }";
const B = "{ name: b, workflow: bad }";
const B_EDITED = "{ name: b, workflow: bad, retries: { max: 2, on: [any] } }";
const C = "{ name: c, workflow: ok }";

interface End {
  readonly code: number;
  readonly stderr: string;
  readonly verdicts: readonly string[];
  readonly submitted: unknown;
}

async function test(stage: CliStage, cases: readonly string[], ...args: readonly string[]): Promise<End> {
  return await testIn("/work", stage, cases, ...args);
}

async function testIn(
  folder: string | { readonly folder: string; readonly store: string },
  stage: CliStage,
  cases: readonly string[],
  ...args: readonly string[]
): Promise<End> {
  const yaml = `version: 1\ncases:\n${cases.map((one) => `  - ${one}\n`).join("")}`;
  const place = typeof folder === "string" ? { folder, store: "" } : folder;
  const realPath = (path: string) => Promise.resolve(`${place.folder}/${path}`);
  const context = { readTextFile: () => Promise.resolve(yaml), realPath, appendFile: () => {} };
  const words = ["test", "a.suite.yaml", "--json", "--poll-interval", "1s", ...args];
  const { code, stdout, stderr } = await stage.call(words, { context, env: { PW_STORE_URL: place.store } });
  const report: {
    readonly cases?: readonly { readonly name: string; readonly verdict: string; readonly reason: string }[];
    readonly submitted: unknown;
  } = JSON.parse(stdout);
  const verdicts = (report.cases ?? []).map(({ name, verdict }) => `${name} ${verdict}`);
  return { code, stderr, verdicts, submitted: report.submitted };
}

Deno.test("--rejudge judges the kept runs by the edited suite, names what has no evidence, and only reads", async () => {
  await using stage = await cliStage({ workflows: WORKFLOWS });
  const first = await test(stage, [A, B]);
  assert.deepEqual([first.verdicts, first.submitted], [["a failed", "b failed"], "yes"]);
  const runs = stage.simulator.runs().length;
  const received = stage.simulator.received().length;
  const again = await test(stage, [A_EDITED, B_EDITED, C], "--rejudge");
  assert.deepEqual(again.verdicts, ["a passed", "b failed", "c not-run"]);
  assert.deepEqual([again.code, again.submitted], [1, "no"]);
  assert.equal(stage.simulator.runs().length, runs);
  assert.deepEqual(stage.simulator.received().slice(received).filter(({ method }) => method !== "GET"), []);
});

Deno.test("a case whose attempts all pass by the edited suite is not flaky", async () => {
  await using stage = await cliStage({ workflows: WORKFLOWS });
  const first = await test(stage, [A.replace("workflow: ok", "workflow: ok, retries: { max: 1, on: [any] }")]);
  assert.deepEqual(first.verdicts, ["a failed"]);
  assert.equal(stage.simulator.runs().length, 2);
  const again = await test(stage, [A_EDITED], "--rejudge", "--fail-on-flaky");
  assert.deepEqual([again.verdicts, again.code], [["a passed"], 0]);
});

Deno.test("--rejudge without an earlier run is an error", async () => {
  await using stage = await cliStage({ workflows: WORKFLOWS });
  const { code, stderr } = await test(stage, [A], "--rejudge");
  assert.equal(code, 2);
  assert.match(stderr, /this suite has not been run on this machine/);
});

Deno.test("a suite that is resumed answers whether that call has submitted a run", async () => {
  await using stage = await cliStage({ workflows: WORKFLOWS });
  await test(stage, [A, B]);
  assert.equal((await test(stage, [A, B], "--resume")).submitted, "no");
  assert.equal((await test(stage, [A, B, C], "--resume")).submitted, "yes");
});

Deno.test("a case whose inputs come from another one is the same where it has moved in its file", async () => {
  const form = `on:\n  execute:\n    inputs:\n      n: { type: number, optional: true }\n`;
  await using stage = await cliStage({ workflows: { ...WORKFLOWS, ok: { ...WORKFLOWS.ok, yaml: form + YAML } } });
  const source = "{ name: source, workflow: ok }";
  const using = '{ name: using, workflow: ok, needs: source, inputs: { n: "${cases.source.outputs.main.energy}" } }';
  await test(stage, [source, using]);
  const { verdicts } = await test(stage, [C, source, using], "--rejudge");
  assert.deepEqual(verdicts, ["c not-run", "source passed", "using passed"]);
  await test(stage, [C, source, using], "--resume");
  assert.equal(stage.simulator.runs().length, 3);
});

Deno.test("a case that uses what another run has made is another one where the inputs of that run have changed", async () => {
  const form = "on:\n  execute:\n    inputs:\n      size: { type: number }\n";
  await using stage = await cliStage({ workflows: { ...WORKFLOWS, sized: { ...WORKFLOWS.ok, yaml: form + YAML } } });
  const cases = (size: number) => [
    `{ name: first, workflow: sized, inputs: { size: ${size} } }`,
    `{ name: uses, workflow: sized, needs: first, inputs: { size: "\${cases.first.outputs.main.energy}" } }`,
    `{ name: last, workflow: sized, needs: uses, inputs: { size: "\${cases.uses.outputs.main.energy}" } }`,
    "{ name: later, workflow: ok, needs: first }",
  ];
  await test(stage, cases(1));
  assert.equal(stage.simulator.runs().length, 4);
  await test(stage, cases(1), "--resume");
  assert.equal(stage.simulator.runs().length, 4);
  const { verdicts } = await test(stage, cases(2), "--rejudge");
  assert.deepEqual(verdicts, ["first not-run", "uses not-run", "last not-run", "later passed"]);
  await test(stage, cases(2), "--resume");
  assert.equal(stage.simulator.runs().length, 7);
});

Deno.test("a suite is continued where its file is, and not where another one has the same relative path", async () => {
  await using stage = await cliStage({ workflows: WORKFLOWS });
  await testIn("/one", stage, [A]);
  await testIn("/two", stage, [B]);
  const one = await testIn("/one", stage, [A], "--resume");
  assert.deepEqual([one.verdicts, one.submitted], [["a failed"], "no"]);
  assert.deepEqual((await testIn("/two", stage, [B], "--rejudge")).verdicts, ["b failed"]);
});

Deno.test("a suite in a shared store is continued on a machine that has its files in another folder", async () => {
  await using stage = await cliStage({ workflows: WORKFLOWS });
  await using folder = await emptyFolder();
  const store = `deno-kv:${folder.path}/shared.kv`;
  await testIn({ folder: "/one", store }, stage, [A]);
  const two = await testIn({ folder: "/two", store }, stage, [A], "--resume");
  assert.deepEqual([two.verdicts, two.submitted], [["a failed"], "no"]);
});
