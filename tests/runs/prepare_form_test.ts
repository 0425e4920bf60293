/** What `prepare()` adds to the inputs, as the web form does: defaults, clusters, and what the user is asked for. */

import assert from "node:assert/strict";
import { RunnerError } from "../../lib/errors.ts";
import { createInputLayer } from "../../lib/inputs/merge.ts";
import { formatPath, type JsonObject } from "../../lib/json.ts";
import { dryRun, prepare, prepareAsking, type PrepareOptions, type RunSpec } from "../../lib/runs/prepare.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { depsFor } from "../support/deps.ts";
import { virtualClock } from "../support/virtual_clock.ts";

const JOBS = "jobs: { a: { steps: [ { run: 'true' } ] } }\n";
const form = (inputs: string) => `on: { execute: { inputs: ${inputs} } }\n${JOBS}`;

const SCHEDULED = (resource: string) =>
  form(`{
  resource: { type: compute-clusters, label: Resource, ${resource} },
  scheduler: { type: boolean, default: true, hidden: "\${{ inputs.resource.schedulerType == '' }}", ignore: "\${{ .hidden }}" },
  slurm: { type: group, hidden: "\${{ inputs.resource.schedulerType != 'slurm' || inputs.scheduler == false }}", ignore: "\${{ .hidden }}", items: {
    account: { type: slurm-accounts, label: Account, ignore: "\${{ 'existing' != inputs.resource.provider }}", hidden: "\${{ .ignore }}" },
    nodes: { type: number, label: Nodes, min: 1 } } },
  pbs: { type: group, hidden: "\${{ inputs.resource.schedulerType != 'pbs' }}", ignore: "\${{ .hidden }}", items: {
    directives: { type: editor, label: Directives } } } }`);

const WORKFLOWS = {
  cond: form(`{
  own_script: { type: boolean, default: false },
  path: { type: string, label: Script path, hidden: "\${{ inputs.own_script == false }}", ignore: "\${{ .hidden }}" },
  token: { type: password, default: planted },
  never: { type: string, default: x, ignore: true },
  extra: { type: group, optional: true, items: { name: { type: string }, size: { type: number, default: 3 } } },
  rows: { type: list, optional: true, template: { on: { type: boolean, default: true }, name: { type: string } } } }`),
  scheduled: SCHEDULED("optional: false"),
  existing: SCHEDULED("autoselect: true, provider: [existing]"),
  several: SCHEDULED("autoselect: true"),
  free: form("{ resource: { type: compute-clusters, include-workspace: true } }"),
  usual: SCHEDULED("default: cloudslurm"),
  sites: form("{ sites: { type: list, template: { resource: { type: compute-clusters } } } }"),
  ghost: SCHEDULED("provider: [kubernetes]"),
};

Deno.test("the literal defaults of what is sent are part of the request; secrets and ignored fields are not", async () => {
  assert.deepEqual((await prepared("cond", {})).request.inputs, { own_script: false });
});

Deno.test("defaults are added inside rows and groups that are given", async () => {
  const inputs: JsonObject = { rows: [{ name: "a" }, { name: "b", on: false }], extra: { name: "e" } };
  assert.deepEqual((await prepared("cond", inputs)).request.inputs, {
    own_script: false,
    rows: [{ name: "a", on: true }, { name: "b", on: false }],
    extra: { name: "e", size: 3 },
  });
});

Deno.test("without defaults, the bare inputs are sent", async () => {
  assert.deepEqual((await prepared("cond", {}, { sendsDefaults: false })).request.inputs, {});
});

for (
  const [resource, want] of [
    ["a30gpuserver", { missing: "", sent: { resource: "a30gpuserver" } }],
    ["cloudslurm", { missing: "slurm.nodes" }],
    ["pw://demo/cloudslurm", { missing: "slurm.nodes" }],
  ] as const
) {
  Deno.test(`conditions on facts of ${resource} are evaluated`, async () => {
    const { request, missing, warnings } = await prepared("scheduled", { resource });
    assert.equal(missing, want.missing);
    assert.deepEqual(warnings, []);
    if ("sent" in want) assert.deepEqual(request.inputs, want.sent);
    else assert.deepEqual(request.inputs["scheduler"], true);
  });
}

Deno.test("conditions on facts of a cluster that is the form's default are evaluated", async () => {
  const { missing, request, warnings } = await prepared("usual", {});
  assert.equal(missing, "slurm.nodes");
  assert.deepEqual(warnings, []);
  assert.equal(request.inputs["resource"], "cloudslurm");
});

Deno.test("clusters are listed only if one is given by name or chosen", async () => {
  await using stage = await aStage();
  for (const workflow of ["cond", "quick"]) await prepare(stage.deps, { ...SPEC, workflow }, { signal });
  assert.ok(stage.simulator.received().every(({ path }) => !path.startsWith("/api/clusters")));
});

Deno.test("a missing cluster is a problem that lists the active ones that fit", async () => {
  await assert.rejects(prepared("scheduled", {}, { isAsking: false }), problem(/a30gpuserver, cloudslurm$/));
  await assert.rejects(
    prepared("ghost", {}, { isAsking: false }),
    problem(/none of your clusters is active and fits$/),
  );
});

Deno.test("autoselect chooses the only active cluster that fits, and reports it", async () => {
  const { request, notes } = await prepared("existing", {});
  assert.equal(request.inputs["resource"], "a30gpuserver");
  assert.deepEqual(notes, ["resource: selected a30gpuserver, the only active cluster that fits"]);
  await assert.rejects(prepared("several", {}, { isAsking: false }), problem(/a30gpuserver, cloudslurm$/));
});

Deno.test("a cluster that the form does not offer is a warning", async () => {
  const { warnings } = await prepared("existing", { resource: "cloudslurm", slurm: { nodes: 1 } });
  assert.deepEqual(warnings.map(({ message }) => message), ["is of type aws-slurm: the form offers only existing"]);
});

for (
  const [workflow, resource, want] of [
    ["free", "cloudslrum", 'no cluster "cloudslrum": did you mean "cloudslurm"?'],
    [
      "free",
      "pw://demo/elsewhere",
      'no cluster "pw://demo/elsewhere"; active clusters that fit: a30gpuserver, cloudslurm',
    ],
    ["existing", "elsewhere", 'no cluster "elsewhere"; active clusters that fit: a30gpuserver'],
    ["free", "cloudslurm", undefined],
    ["free", "workspace", undefined],
    ["free", { id: "k8s" }, undefined],
  ] as const
) {
  Deno.test(`the cluster ${JSON.stringify(resource)} ${want === undefined ? "is accepted" : "is a warning"}`, async () => {
    const { warnings } = await prepared(workflow, { resource });
    assert.equal(warnings[0]?.message, want);
  });
}

Deno.test("a cluster that cannot be found leaves its facts unknown, by name", async () => {
  const { warnings, unknownConditions } = await prepared("scheduled", { resource: "elsewhere" });
  assert.match(warnings.map(({ message }) => message).join("\n"), /depends on resource\.schedulerType/);
  assert.ok(unknownConditions().some(({ facts }) => facts.includes("resource.schedulerType")));
});

Deno.test("only what is missing is asked for, until nothing is", async () => {
  const asked: string[] = [];
  const { request } = await prepared("several", {}, {
    ask({ paths, inputs, clusters }) {
      asked.push(paths.map(formatPath).join());
      assert.equal(clusters?.length, 3);
      return Promise.resolve({
        ...inputs,
        ...(asked.length === 1 ? { resource: "cloudslurm" } : { slurm: { nodes: 2 } }),
      });
    },
  });
  assert.deepEqual(asked, ["resource", "slurm.nodes"]);
  assert.deepEqual(request.inputs, { resource: "cloudslurm", slurm: { nodes: 2 }, scheduler: true });
});

Deno.test("clusters are known where the rows of a list are asked for", async () => {
  const { request } = await prepared("sites", {}, {
    ask({ clusters }) {
      assert.equal(clusters?.length, 3);
      return Promise.resolve({ sites: [{ resource: "cloudslurm" }] });
    },
  });
  assert.deepEqual(request.inputs, { sites: [{ resource: "cloudslurm" }] });
});

Deno.test("other problems are not asked about", async () => {
  const ask = () => Promise.reject(new Error("asked"));
  await assert.rejects(prepared("several", { scheduler: "no" }, { ask }), problem(/must be true or false/));
});

Deno.test("a dry run without the consent that the server requires explains it like a run", async () => {
  await using stage = await aStage();
  const { request } = await prepare(stage.deps, { ...SPEC, workflow: "needs-consent" }, { signal });
  await assert.rejects(dryRun(stage.deps, request, { signal }), {
    kind: "consent_required",
    message: /it requires your consent to .*variable LICENSE_SERVER/,
    commandHint: /--trust/,
  });
});

const signal = new AbortController().signal;
const SPEC: RunSpec = {
  workflow: "",
  layers: [],
  preset: null,
  displayName: null,
  isTrusted: false,
  checking: "lenient",
};

type Options = Partial<Pick<RunSpec, "sendsDefaults">> & { ask?: PrepareOptions["ask"]; isAsking?: boolean };

/** Fills in what is missing with a one, and returns the paths. */
async function prepared(workflow: string, inputs: JsonObject, { ask, isAsking = true, ...parts }: Options = {}) {
  await using stage = await aStage();
  let missing = "";
  const fill: PrepareOptions["ask"] = ({ paths, inputs }) => {
    missing = paths.map(formatPath).join();
    return Promise.resolve({ ...inputs, slurm: { nodes: 1 } });
  };
  const spec = { ...SPEC, workflow, layers: [createInputLayer("x", inputs)], ...parts };
  const result = await prepareAsking(stage.deps, spec, { signal, ask: ask ?? (isAsking ? fill : undefined) });
  assert.deepEqual([...new Set(stage.simulator.received().map(({ method }) => method))], ["GET"]);
  return { ...result, missing };
}

function problem(message: RegExp): (error: unknown) => boolean {
  return (error) =>
    error instanceof RunnerError && "problems" in error && Array.isArray(error.problems) &&
    error.problems.some((problem: { message: string }) => message.test(problem.message));
}

async function aStage() {
  const clock = virtualClock();
  const simulator = await startSimulator({ clock, workflows: WORKFLOWS });
  const deps = await depsFor(simulator, { clock });
  return { simulator, deps, [Symbol.asyncDispose]: () => simulator[Symbol.asyncDispose]() };
}
