import assert from "node:assert/strict";
import type { Json } from "../../../lib/json.ts";
import type { ServerBehavior } from "../../../lib/simulator/simulator.ts";
import { startSimulator } from "../../../lib/simulator/start.ts";
import { virtualClock } from "../../support/virtual_clock.ts";
import { request, submit } from "../request.ts";

const RUNS = "/api/workflow-runs";

Deno.test("a new run of hello-world has number 47 and is running", async () => {
  await using sim = await startSimulator();
  const inputs = { hello: { message: "hi" }, resource: "a30gpuserver" };
  const response = await request(sim, "POST", RUNS, { body: { workflow: "hello-world", inputs, displayName: "Mine" } });
  assert.equal(response.status, 200);
  assert.equal(response.at("run.number"), 47);
  assert.equal(response.at("run.slug"), "hello-world-00047");
  assert.equal(response.at("run.status"), "running");
  assert.equal(response.at("run.displayName"), "Mine");
  assert.equal(response.at("run.completedAt"), undefined);
  assert.equal(response.at("run.executedJobs"), undefined);
});

Deno.test("a run's details contain its inputs, with defaults and resolved clusters", async () => {
  await using sim = await startSimulator();
  const inputs = { hello: { message: "hi" }, resource: "pw://demo/a30gpuserver", extra: [1] };
  const slug = await submit(sim, "hello-world", { inputs });
  const details = await request(sim, "GET", `${RUNS}/${slug}`);
  assert.equal(details.at("inputs.slurm.partition"), "batch");
  assert.equal(details.at("inputs.submit_to_scheduler"), false);
  assert.equal(details.at("inputs.resource.id"), "6894b3f8d9dedd97d7c3d536");
  assert.equal(details.at("inputs.resource.$type"), "computeResource");
  assert.deepEqual(details.at("inputs.extra"), [1]);
});

const REFUSED: readonly {
  readonly name: string;
  readonly body: Json;
  readonly behavior?: Partial<ServerBehavior>;
  readonly status: number;
  readonly code: string;
  readonly messagePattern: RegExp;
}[] = [
  {
    name: "an unknown member",
    body: { workflow: "quick", nodes: 4 },
    status: 422,
    code: "validation",
    messagePattern: /#\/nodes/,
  },
  {
    name: "a member of the wrong type",
    body: { workflow: "quick", inputs: [] },
    status: 422,
    code: "validation",
    messagePattern: /#\/inputs/,
  },
  { name: "no source", body: { inputs: {} }, status: 422, code: "validation", messagePattern: /exactly one/ },
  {
    name: "two sources",
    body: { workflow: "quick", yaml: "jobs: {}" },
    status: 422,
    code: "validation",
    messagePattern: /exactly one/,
  },
  {
    name: "an unknown workflow",
    body: { workflow: "nil" },
    status: 404,
    code: "workflow_not_found",
    messagePattern: /nil/,
  },
  {
    name: "a slug with capitals",
    body: { workflow: "quick", slug: "Mine" },
    status: 422,
    code: "validation",
    messagePattern: /#\/slug/,
  },
  {
    name: "a slug of 41 characters",
    body: { workflow: "quick", slug: "a".repeat(41) },
    status: 422,
    code: "validation",
    messagePattern: /#\/slug/,
  },
  {
    name: "a slug with slugs=refused",
    body: { workflow: "quick", slug: "mine" },
    behavior: { slugs: "refused" },
    status: 422,
    code: "validation",
    messagePattern: /#\/slug/,
  },
  {
    name: "missing inputs",
    body: { workflow: "required-inputs", inputs: { project: "", output: { format: "csv" } } },
    status: 400,
    code: "missing_required_fields",
    messagePattern: /Missing required fields: Project name, Number of nodes, Output folder"/,
  },
  {
    name: "an unknown cluster",
    body: { workflow: "open-notebook", inputs: { resource: "nowhere" } },
    status: 400,
    code: "compute_resource_not_found",
    messagePattern: /Compute resource not found/,
  },
  {
    name: "invalid YAML",
    body: { yaml: "jobs: [" },
    status: 400,
    code: "invalid_yaml",
    messagePattern: /Invalid YAML/,
  },
  {
    name: "YAML without jobs",
    body: { yaml: "on: {}" },
    status: 400,
    code: "invalid_yaml",
    messagePattern: /Invalid YAML/,
  },
  {
    name: "an invalid expression",
    body: { yaml: 'jobs: { a: { steps: [{ run: echo, if: "${{ nowhere.x }}" }] } }' },
    status: 400,
    code: "expression_error",
    messagePattern: /Expression Parser Error/,
  },
  {
    name: "a workflow that needs consent, without consent",
    body: { workflow: "needs-consent" },
    status: 403,
    code: "consent_required",
    messagePattern: /clusters:read.*LICENSE_SERVER/,
  },
  {
    name: "a workflow that needs consent, with partial consent",
    body: { workflow: "needs-consent", consentPermissions: ["clusters:read", "storage:write"] },
    status: 403,
    code: "consent_required",
    messagePattern: /consent: variable LICENSE_SERVER"/,
  },
  {
    name: "a workflow while the workspace is off",
    body: { workflow: "quick" },
    behavior: { workspace: "Off" },
    status: 400,
    code: "invalid_request",
    messagePattern: /User workspace not found or is not running/,
  },
  {
    name: "a workflow while the workspace is starting",
    body: { workflow: "quick" },
    behavior: { workspace: "Starting", workspaceErrorStatus: 503 },
    status: 503,
    code: "unavailable",
    messagePattern: /Could not execute workflow/,
  },
];

for (const { name, body, behavior = {}, status, code, messagePattern } of REFUSED) {
  Deno.test(`submitting ${name} gets ${status} ${code} and starts no run`, async () => {
    await using sim = await startSimulator({ behavior });
    const response = await request(sim, "POST", RUNS, { body });
    assert.equal(response.status, status, response.text);
    assert.equal(response.at("code"), code);
    assert.match(response.text, messagePattern);
    assert.deepEqual(sim.runs(), []);
  });
}

const CONSENT = { consentPermissions: ["clusters:read", "storage:write"], consentVariables: ["LICENSE_SERVER"] };

for (const [name, consent] of [["by name", CONSENT], ["to everything", { autoApproveConsent: true }]] as const) {
  Deno.test(`consent ${name} allows the submit`, async () => {
    await using sim = await startSimulator();
    const response = await request(sim, "POST", RUNS, { body: { workflow: "needs-consent", ...consent } });
    assert.equal(response.status, 200, response.text);
  });
}

Deno.test("consent by name applies to later submits until it is revoked", async () => {
  await using sim = await startSimulator();
  const again = async () => (await request(sim, "POST", RUNS, { body: { workflow: "needs-consent" } })).status;
  await request(sim, "POST", RUNS, { body: { workflow: "needs-consent", ...CONSENT } });
  assert.equal(await again(), 200);
  const grants = await request(sim, "GET", "/api/workflow-permissions");
  assert.deepEqual(grants.at(""), [{
    workflow: "needs-consent",
    allowedPermissions: CONSENT.consentPermissions,
    allowedUserVariables: CONSENT.consentVariables,
  }]);
  assert.equal((await request(sim, "DELETE", "/api/workflow-permissions/needs-consent")).status, 204);
  assert.equal(await again(), 403);
});

const SLUGS: readonly {
  readonly slugs: ServerBehavior["slugs"];
  readonly duplicateSlugStatus?: ServerBehavior["duplicateSlugStatus"];
  readonly statuses: readonly number[];
  readonly runs: readonly string[];
}[] = [
  { slugs: "unique", statuses: [200, 409], runs: ["mine"] },
  { slugs: "unique", duplicateSlugStatus: 400, statuses: [200, 400], runs: ["mine"] },
  { slugs: "unique", duplicateSlugStatus: 422, statuses: [200, 422], runs: ["mine"] },
  { slugs: "shared", statuses: [200, 200], runs: ["mine", "mine"] },
  { slugs: "existing", statuses: [200, 200], runs: ["mine"] },
  { slugs: "ignored", statuses: [200, 200], runs: ["quick-00001", "quick-00002"] },
];

for (const { slugs, duplicateSlugStatus = 409, statuses, runs } of SLUGS) {
  Deno.test(`two submits with the same slug get ${statuses} with slugs=${slugs}`, async () => {
    await using sim = await startSimulator({ behavior: { slugs, duplicateSlugStatus } });
    const responses = [
      await request(sim, "POST", RUNS, { body: { workflow: "quick", slug: "mine" } }),
      await request(sim, "POST", RUNS, { body: { workflow: "quick", slug: "mine" } }),
    ];
    assert.deepEqual(responses.map(({ status }) => status), statuses);
    assert.deepEqual(sim.runs().map(({ slug }) => slug), runs);
    if (slugs === "existing") assert.equal(responses[1]?.at("run.id"), responses[0]?.at("run.id"));
  });
}

Deno.test("a slug used by another user is taken, although that run is not visible", async () => {
  await using sim = await startSimulator();
  await submit(sim, "quick", { user: "alice", slug: "mine" });
  assert.equal((await request(sim, "POST", RUNS, { body: { workflow: "quick", slug: "mine" } })).status, 409);
  assert.equal((await request(sim, "GET", `${RUNS}/mine`)).status, 404);
});

Deno.test("a second submit of the same workflow gets 409 until launchGapMs has passed", async () => {
  const clock = virtualClock();
  await using sim = await startSimulator({ clock, behavior: { launchGapMs: 5_000 } });
  const submitStatus = async (workflow: string) => (await request(sim, "POST", RUNS, { body: { workflow } })).status;
  assert.equal(await submitStatus("quick"), 200);
  assert.equal(await submitStatus("quick"), 409);
  assert.equal(await submitStatus("never-ending"), 200);
  clock.advance(5_000);
  assert.equal(await submitStatus("quick"), 200);
});

for (
  const [dryRun, members] of [
    ["run", ["slug", "status"]],
    ["run-without-status", ["slug"]],
    ["no-slug", ["status"]],
  ] as const
) {
  Deno.test(`a dry run with dryRun=${dryRun} returns ${members} and starts no run`, async () => {
    await using sim = await startSimulator({ behavior: { dryRun } });
    const response = await request(sim, "POST", RUNS, { body: { workflow: "quick", dryRun: true } });
    assert.equal(response.status, 200);
    assert.deepEqual(["slug", "status"].filter((name) => response.at(`run.${name}`) !== undefined), members);
    assert.deepEqual(sim.runs(), []);
  });
}

Deno.test("a dry run reports missing inputs", async () => {
  await using sim = await startSimulator();
  const response = await request(sim, "POST", RUNS, { body: { workflow: "required-inputs", dryRun: true } });
  assert.equal(response.status, 400);
});

Deno.test("an inline workflow gets a slug of two words and a number", async () => {
  await using sim = await startSimulator();
  const response = await request(sim, "POST", RUNS, { body: { yaml: "jobs: { a: { steps: [{ run: sleep 1 }] } }" } });
  assert.match(String(response.at("run.slug")), /^[a-z]+-[a-z]+-\d+$/);
  assert.equal(response.at("run.inlineRun"), true);
});

Deno.test("a canceled run is canceling at first, then canceled", async () => {
  const clock = virtualClock();
  await using sim = await startSimulator({ clock });
  const slug = await submit(sim, "never-ending");
  clock.advance(10_000);
  assert.equal((await request(sim, "POST", `${RUNS}/${slug}/cancel`)).status, 204);
  const details = () => request(sim, "GET", `${RUNS}/${slug}`);
  assert.equal((await details()).at("status"), "canceling");
  clock.advance(2_000);
  assert.equal((await request(sim, "POST", `${RUNS}/${slug}/cancel`)).status, 204);
  clock.advance(1_000);
  const ended = await details();
  assert.equal(ended.at("status"), "canceled");
  assert.equal(ended.at("completedAt"), new Date(clock.now()).toISOString().replace("Z", "000000Z"));
  assert.deepEqual(
    [0, 1].map((index) => ended.at(`executedJobs.watch.steps.${index}.status`)),
    ["completed", "canceled"],
  );
});

for (const cancelOfEnded of [204, 409] as const) {
  Deno.test(`canceling an ended run gets ${cancelOfEnded} with cancelOfEnded=${cancelOfEnded} and changes nothing`, async () => {
    await using sim = await startSimulator({ behavior: { cancelOfEnded } });
    const response = await request(sim, "POST", `${RUNS}/hello-world-00046/cancel`);
    assert.equal(response.status, cancelOfEnded);
    assert.equal((await request(sim, "GET", `${RUNS}/hello-world-00046`)).at("status"), "completed");
  });
}

for (const [status, shown] of [["canceling", "canceling"], ["error", "error"]] as const) {
  Deno.test(`an update to ${status} sets the status ${shown} and the reason`, async () => {
    await using sim = await startSimulator();
    const slug = await submit(sim, "never-ending");
    const response = await request(sim, "PATCH", `${RUNS}/${slug}`, { body: { status, statusReason: "No use" } });
    assert.equal(response.at("status"), shown);
    assert.equal(response.at("statusReason"), "No use");
  });
}

Deno.test("a deleted run has no files, and its slug is available again", async () => {
  await using sim = await startSimulator();
  await submit(sim, "quick", { slug: "mine" });
  assert.equal((await request(sim, "DELETE", `${RUNS}/mine`)).status, 204);
  for (const path of ["", "/files?file=logs/main/step_0/logs.out", "/running-steps"]) {
    assert.equal((await request(sim, "GET", `${RUNS}/mine${path}`)).status, 404);
  }
  assert.equal((await request(sim, "DELETE", `${RUNS}/mine`)).status, 404);
  await submit(sim, "quick", { slug: "mine" });
});

Deno.test("reading a new run gets 404 until readLagMs has passed", async () => {
  const clock = virtualClock();
  await using sim = await startSimulator({ clock, behavior: { readLagMs: 4_000 } });
  await submit(sim, "quick", { slug: "mine" });
  const status = async () => (await request(sim, "GET", `${RUNS}/mine`)).status;
  assert.equal(await status(), 404);
  clock.advance(4_000);
  assert.equal(await status(), 200);
});

for (const idInPath of [true, false]) {
  Deno.test(`a run's id ${idInPath ? "is" : "is not"} accepted in paths with idInPath=${idInPath}`, async () => {
    await using sim = await startSimulator({ behavior: { idInPath } });
    const id = (await request(sim, "POST", RUNS, { body: { workflow: "quick" } })).at("run.id");
    assert.equal((await request(sim, "GET", `${RUNS}/${id}`)).status, idInPath ? 200 : 404);
  });
}

const DELETIONS: readonly { readonly query: string; readonly remaining: readonly string[] }[] = [
  { query: "slugs=a,b", remaining: ["c"] },
  { query: "status=completed", remaining: ["b", "c"] },
  { query: "status=error&olderThanDays=1", remaining: ["a", "b", "c"] },
  { query: "olderThanDays=0", remaining: ["c"] },
];

for (const { query, remaining } of DELETIONS) {
  Deno.test(`deleting runs with ${query} leaves ${remaining}`, async () => {
    const clock = virtualClock();
    await using sim = await startSimulator({ clock });
    const user = "alice";
    await submit(sim, "quick", { slug: "a", user });
    await submit(sim, "failing-step", { slug: "b", user });
    await submit(sim, "never-ending", { slug: "c", user });
    clock.advance(60_000);
    assert.equal((await request(sim, "DELETE", `${RUNS}?${query}`, { user })).status, 204);
    const list = await request(sim, "GET", RUNS, { user });
    const slugs = remaining.map((_, index) => list.at(`runs.${index}.slug`));
    assert.deepEqual(slugs.toReversed(), remaining);
    assert.equal(list.at("total"), remaining.length);
  });
}
