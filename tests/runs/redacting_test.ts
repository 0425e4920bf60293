import assert from "node:assert/strict";
import { execute, toEnd } from "../../lib/runs/execute.ts";
import { DEFAULT_EXECUTE } from "../../lib/runs/options.ts";
import { NotFound } from "../../lib/errors.ts";
import { redactedFailure, redactingDeps, redactingReads, withoutSecretsOf } from "../../lib/runs/redacting.ts";
import type { JsonObject } from "../../lib/json.ts";
import type { Job } from "../../lib/run.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { depsFor } from "../support/deps.ts";
import { anActiveSubmission, aRequest, aRun, aRunDetail, aStep, aStoredRequest } from "../support/records.ts";
import { virtualClock } from "../support/virtual_clock.ts";

const WORKFLOW = `on:
  execute:
    inputs:
      word: { type: password }
jobs:
  test:
    steps:
      - name: test it
        run: work
`;

for (const word of ["test", "demo", "running", "accepted", "completed"]) {
  Deno.test(`the secret "${word}", which is also a part of names and terms, loses no run`, async () => {
    const clock = virtualClock();
    await using simulator = await startSimulator({ clock, workflows: { "test-wf": WORKFLOW } });
    const deps = await depsFor(simulator, { clock });
    const request = aRequest({ workflow: "test-wf", inputs: { word }, secretPaths: ["word"] });
    const options = { ...DEFAULT_EXECUTE, signal: new AbortController().signal };
    const result = await toEnd(execute(deps, request, options), () => {});
    assert.deepEqual([result.kind, result.slug], ["completed", simulator.runs()[0]?.slug]);
  });
}

for (const apiVersion of ["legacy", "current"] as const) {
  Deno.test(`the error of a run that is read before a submit to a ${apiVersion} server shows no secret`, async () => {
    const clock = virtualClock();
    const behavior = { apiVersion, legacyRead: "run" } as const;
    const never = { yaml: WORKFLOW, scenario: { "test/test it": { lasts: "forever" } } } as const;
    await using simulator = await startSimulator({ clock, behavior, workflows: { "test-wf": never } });
    let isRepeated = apiVersion === "legacy";
    const repeating: typeof fetch = (input, init) => {
      const isRun = /-runs\/[^?]|\/runs\//.test(String(input));
      return isRepeated && isRun ? Promise.resolve(new Response("no hunter2x", { status: 400 })) : fetch(input, init);
    };
    const deps = await depsFor(simulator, { clock, fetch: repeating });
    const request = aRequest({ workflow: "test-wf", inputs: { word: "hunter2x" }, secretPaths: ["word"] });
    const key = { idempotencyKey: { text: "k", policy: "new-if-failed" } } as const;
    if (!isRepeated) await toEnd(execute(deps, request, { ...key, isWaiting: false }));
    isRepeated = true;
    await assert.rejects(toEnd(execute(deps, request, apiVersion === "legacy" ? {} : key)), /no •••/);
  });
}

Deno.test("a run is read without the secrets of its own submission, whatever a newer one of another account has", async () => {
  const clock = virtualClock();
  await using simulator = await startSimulator({ clock, workflows: { "test-wf": WORKFLOW } });
  const deps = await depsFor(simulator, { clock });
  const { signal } = new AbortController();
  const runId = { type: "slug", slug: "test-wf-00001" } as const;
  const sent = {
    workflow: "test-wf",
    inputs: { word: "hunter2x" },
    displayName: "log in with hunter2x",
    consent: null,
  };
  await deps.client.submit({ ...sent, slug: runId.slug }, { signal });
  const owner = { host: deps.client.host, user: "demo" };
  const request = aStoredRequest({ inputs: null, secretPaths: ["word"] });
  await deps.store.put(anActiveSubmission({ owner, runId, request }));
  const other = { submissionId: "other", owner: { ...owner, user: "another" }, createdAtMs: 2_000 };
  await deps.store.put(anActiveSubmission({ ...other, runId }));
  const client = await redactingReads(deps, runId);
  assert.equal((await client.getRun(runId, { signal })).displayName, "log in with •••");
});

Deno.test("texts of a server are redacted in a stored run, and its correlation tag stays", () => {
  const request = aStoredRequest({ inputs: { password: "hunter2x" }, secretPaths: ["password"] });
  const run = aRun({
    displayName: "deploy hunter2x [hunter2xhunter2x]",
    statusReason: "wrong password hunter2x",
    platformStatus: "refused hunter2x",
    isStatusKnown: false,
  });
  const { displayName, statusReason, platformStatus } = withoutSecretsOf({ request }, run);
  assert.deepEqual([displayName, statusReason, platformStatus], [
    "deploy ••• [hunter2xhunter2x]",
    "wrong password •••",
    "refused •••",
  ]);
});

Deno.test("an error is reported without the secrets of its submission, and without a server's words where they are unknown", () => {
  const known = aStoredRequest({ inputs: { password: "hunter2x" }, secretPaths: ["password"] });
  const error = new NotFound("Cannot read run x: no such password: hunter2x (404)");
  const reported = (request: typeof known) => {
    const failure = redactedFailure({ request }, error);
    assert.ok(failure instanceof NotFound);
    return failure.message;
  };
  assert.equal(reported(known), "Cannot read run x: no such password: ••• (404)");
  assert.match(reported({ ...known, inputs: null }), /^Cannot read run x \(404\): the server's words are withheld/);
  const bug = new TypeError("a bug");
  assert.equal(redactedFailure({ request: known }, bug), bug);
});

Deno.test("the error of a workflow that is read to find a submission's run is reported without its secrets", async () => {
  await using simulator = await startSimulator();
  const deps = await depsFor(simulator, { clock: virtualClock() });
  const request = aStoredRequest({ inputs: { word: "no-such-workflow" }, secretPaths: ["word"] });
  const { client } = redactingDeps(deps, { request });
  await assert.rejects(client.getWorkflow("no-such-workflow"), { message: /^Cannot read workflow •••: / });
});

Deno.test("without knowing the secrets, no explanation of a server is stored", () => {
  const request = aStoredRequest({ inputs: null, secretPaths: ["password"] });
  assert.equal(withoutSecretsOf({ request }, aRun({ statusReason: "wrong password hunter2x" })).statusReason, null);
});

Deno.test("a step that is redacted keeps the order of its members in a document", () => {
  const request = aStoredRequest({ inputs: { password: "hunter2x" }, secretPaths: ["password"] });
  const run = aRunDetail({ jobs: [{ name: "test", status: "completed", steps: [aStep({})], outputs: {} }] });
  const [job] = withoutSecretsOf({ request }, run).jobs;
  const orderOf = (value: object | undefined) => Object.keys(value ?? {}).slice(0, 2);
  assert.deepEqual([job, job?.steps[0]].map(orderOf), [["name", "status"], ["name", "status"]]);
});

Deno.test("the jobs of a subworkflow are redacted, with their annotations", () => {
  const annotations = [{ type: "error", title: "of hunter2x", message: "wrong password hunter2x" }] as const;
  const step = aStep({ name: "log in with hunter2x", annotations });
  const job = (name: string, steps: Job["steps"]): Job => ({ name, status: "error", steps, outputs: {} });
  const run = aRunDetail({ jobs: [job("outer", [aStep({ uses: "workflow/inner", jobs: [job("inner", [step])] })])] });
  const inner = (inputs: JsonObject | null) => {
    const request = aStoredRequest({ inputs, secretPaths: ["password"] });
    return withoutSecretsOf({ request }, run).jobs[0]?.steps[0]?.jobs[0]?.steps[0];
  };
  assert.equal(inner({ password: "hunter2x" })?.name, "log in with •••");
  assert.deepEqual(inner({ password: "hunter2x" })?.annotations, [
    { type: "error", title: "of •••", message: "wrong password •••" },
  ]);
  assert.equal(inner(null)?.annotations[0]?.message, "•••");
});
