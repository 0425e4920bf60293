import assert from "node:assert/strict";
import { prepare, prepareAsking, type RunSpec } from "../../lib/runs/prepare.ts";
import { readLayers } from "../../lib/inputs/layers.ts";
import { createInputLayer, createValueLayer } from "../../lib/inputs/merge.ts";
import { redactedValues } from "../../lib/inputs/secrets.ts";
import type { SimulatorOptions } from "../../lib/simulator/simulator.ts";
import { NotFound } from "../../lib/errors.ts";
import hello from "../../inputs/hello-world.json" with { type: "json" };
import { startSimulator } from "../../lib/simulator/start.ts";
import { depsFor } from "../support/deps.ts";
import { virtualClock } from "../support/virtual_clock.ts";

const { signal } = new AbortController();

const aRunSpec = (parts: Partial<RunSpec>): RunSpec => ({
  workflow: "hello-world",
  layers: [createInputLayer("inputs/hello-world.json", hello)],
  preset: null,
  displayName: null,
  isTrusted: false,
  checking: "lenient",
  ...parts,
});

Deno.test("prepare() freezes the request and sends only reads", async () => {
  await using stage = await aStage();
  const { request, warnings } = await prepare(stage.deps, aRunSpec({}), { signal });
  assert.deepEqual(request.inputs, hello);
  assert.ok(Object.isFrozen(request.inputs) && Object.isFrozen(request.inputs["slurm"]));
  assert.deepEqual(warnings, []);
  assert.deepEqual([...new Set(stage.simulator.received().map(({ method }) => method))], ["GET"]);
});

Deno.test("a secret with the value of an option of the form is not masked, since the option is public", async () => {
  const yaml = `on: { execute: { inputs: {
    mode: { type: dropdown, options: [{ value: shared-text, label: A }, { value: other, label: B }] },
    token: { type: password }, key: { type: password } } } }
jobs: { main: { steps: [{ name: a, run: a }] } }`;
  await using stage = await aStage({ workflows: { secretive: yaml } });
  const inputs = { mode: "other", token: "shared-text", key: "only-mine" };
  const spec = aRunSpec({ workflow: "secretive", layers: [createInputLayer("a.json", inputs)] });
  const { request } = await prepare(stage.deps, spec, { signal });
  assert.deepEqual(request.publicValues, ["shared-text"]);
  assert.deepEqual(redactedValues(request), ["only-mine"]);
});

Deno.test("prepare() overrides a preset with the layers", async () => {
  await using stage = await aStage();
  const layers = await readLayers(["rows=7"], {
    readTextFile: () => Promise.reject(new Deno.errors.NotFound()),
    readStdin: () => Promise.resolve(""),
    promptSecret: () => Promise.resolve(""),
  });
  const spec = aRunSpec({ workflow: "data-processor", preset: "nightly", layers });
  const { inputs } = (await prepare(stage.deps, spec, { signal })).request;
  assert.deepEqual([inputs["dataset"], inputs["rows"]], ["weather", 7]);
});

for (
  const [name, parts, error] of [
    ["an unknown workflow", { workflow: "helo-world" }, { kind: "not_found", hint: 'Did you mean "hello-world"?' }],
    ["a name that would be cut", { displayName: "x".repeat(228) }, { name: "UsageError", hint: "Use at most 227" }],
    ["an unknown preset", { preset: "nope" }, { kind: "not_found", hint: /quick-check/ }],
    ["missing inputs", { workflow: "required-inputs", layers: [] }, {
      kind: "invalid_inputs",
      message: /3 problems.*nothing was submitted/,
    }],
    ["unknown inputs in strict mode", {
      checking: "strict",
      layers: [createInputLayer("file", { ...hello, color: "red" })],
    }, {
      kind: "invalid_inputs",
    }],
  ] as const
) {
  Deno.test(`prepare() rejects ${name}`, async () => {
    await using stage = await aStage();
    await assert.rejects(prepare(stage.deps, aRunSpec(parts), { signal }), error);
  });
}

for (
  const [workflow, hint] of [
    ["./local.yaml", /create one from the file .* `pw workflows create NAME --yaml FILE`/],
    ["local.yml", /create one from the file/],
    ["/tmp/workflow", /create one from the file/],
    ["../workflow", /create one from the file/],
    ["inputs/hello-world.json", /input file with -i/],
    ["marketplace/mpi", /add this one to your account/],
    ["quik", /Did you mean "quick"/],
    ["unlike-any", /`pw-workflow-runner list`/],
  ] as const
) {
  Deno.test(`prepare() explains what to do instead of running ${workflow}`, async () => {
    await using stage = await aStage();
    await assert.rejects(prepare(stage.deps, aRunSpec({ workflow }), { signal }), (error) => {
      assert.ok(error instanceof NotFound);
      assert.match(error.commandHint ?? "", hint);
      return true;
    });
  });
}

Deno.test("answers are added to the inputs: what was given keeps its origin, and stays secret", async () => {
  const yaml = `on: { execute: { inputs: {
    resource: { type: compute-clusters, autoselect: true, provider: [existing] }, note: { type: string }, folder: { type: string } } } }
jobs: { main: { steps: [{ name: a, run: a }] } }`;
  await using stage = await aStage({ workflows: { form: yaml } });
  const secret = { ...createValueLayer("-i #2", ["note"], "typed without echo"), isSecret: true };
  const layers = [createInputLayer("base.yaml", { extra: 1 }), secret];
  const prepared = await prepareAsking(stage.deps, aRunSpec({ workflow: "form", layers }), {
    signal,
    ask: ({ inputs, paths }) => {
      assert.deepEqual(paths, [["folder"]]);
      return Promise.resolve({ ...inputs, folder: "/out" });
    },
  });
  assert.deepEqual(prepared.request.secretPaths, ["note"]);
  assert.deepEqual(prepared.given, { extra: 1, note: "typed without echo", resource: "a30gpuserver", folder: "/out" });
  assert.deepEqual(prepared.warnings, [{ origin: "base.yaml", path: "extra", message: "unknown field" }]);
  assert.match(prepared.notes.join(), /^resource: selected a30gpuserver/);
});

Deno.test("prepare() skips the validation on request", async () => {
  await using stage = await aStage();
  const { request, warnings } = await prepare(
    stage.deps,
    aRunSpec({ workflow: "required-inputs", layers: [], checking: "none" }),
    { signal },
  );
  assert.deepEqual([request.inputs, warnings], [{}, []]);
});

Deno.test("prepare() reads secrets, consent and sessions from the workflow file", async () => {
  await using stage = await aStage();
  const layers = [createInputLayer("x", { password: "hunter2" })];
  const secret = await prepare(stage.deps, aRunSpec({ workflow: "simulation-runner", layers }), { signal });
  assert.notDeepEqual(secret.request.secretPaths, []);
  const asking = await prepare(stage.deps, aRunSpec({ workflow: "needs-consent", layers: [] }), { signal });
  assert.deepEqual(asking.request.requestedConsent?.variables, ["LICENSE_SERVER"]);
  const session = await prepare(stage.deps, aRunSpec({ workflow: "open-notebook", layers: [] }), { signal });
  assert.ok(session.request.startsSession && !asking.request.startsSession);
});

async function aStage(options: SimulatorOptions = {}) {
  const clock = virtualClock();
  const simulator = await startSimulator({ clock, ...options });
  const deps = await depsFor(simulator, { clock });
  return { simulator, deps, [Symbol.asyncDispose]: () => simulator[Symbol.asyncDispose]() };
}
