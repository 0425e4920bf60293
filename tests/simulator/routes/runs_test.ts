import assert from "node:assert/strict";
import type { Json } from "../../../lib/json.ts";
import type { ServerBehavior } from "../../../lib/simulator/simulator.ts";
import { startSimulator } from "../../../lib/simulator/start.ts";
import { virtualClock } from "../../support/virtual_clock.ts";
import { ask, submit } from "../ask.ts";

const RUNS = "/api/workflow-runs";

Deno.test("a new run of hello-world is number 47 and runs at once", async () => {
  await using sim = await startSimulator();
  const inputs = { hello: { message: "hi" }, resource: "a30gpuserver" };
  const answer = await ask(sim, "POST", RUNS, { body: { workflow: "hello-world", inputs, displayName: "Mine" } });
  assert.equal(answer.status, 200);
  assert.equal(answer.at("run.number"), 47);
  assert.equal(answer.at("run.slug"), "hello-world-00047");
  assert.equal(answer.at("run.status"), "running");
  assert.equal(answer.at("run.displayName"), "Mine");
  assert.equal(answer.at("run.completedAt"), undefined);
  assert.equal(answer.at("run.executedJobs"), undefined);
});

Deno.test("a run's page tells its inputs, with defaults filled in and clusters looked up", async () => {
  await using sim = await startSimulator();
  const inputs = { hello: { message: "hi" }, resource: "pw://demo/a30gpuserver", extra: [1] };
  const slug = await submit(sim, "hello-world", { inputs });
  const page = await ask(sim, "GET", `${RUNS}/${slug}`);
  assert.equal(page.at("inputs.slurm.partition"), "batch");
  assert.equal(page.at("inputs.submit_to_scheduler"), false);
  assert.equal(page.at("inputs.resource.id"), "6894b3f8d9dedd97d7c3d536");
  assert.equal(page.at("inputs.resource.$type"), "computeResource");
  assert.deepEqual(page.at("inputs.extra"), [1]);
});

const REFUSED: readonly {
  readonly name: string;
  readonly body: Json;
  readonly behavior?: Partial<ServerBehavior>;
  readonly status: number;
  readonly code: string;
  readonly says: RegExp;
}[] = [
  {
    name: "a member that the contract doesn't know",
    body: { workflow: "quick", nodes: 4 },
    status: 422,
    code: "validation",
    says: /#\/nodes/,
  },
  {
    name: "a member of another type",
    body: { workflow: "quick", inputs: [] },
    status: 422,
    code: "validation",
    says: /#\/inputs/,
  },
  { name: "no source", body: { inputs: {} }, status: 422, code: "validation", says: /exactly one/ },
  {
    name: "two sources",
    body: { workflow: "quick", yaml: "jobs: {}" },
    status: 422,
    code: "validation",
    says: /exactly one/,
  },
  {
    name: "a workflow that isn't there",
    body: { workflow: "nil" },
    status: 404,
    code: "workflow_not_found",
    says: /nil/,
  },
  {
    name: "a slug with capitals",
    body: { workflow: "quick", slug: "Mine" },
    status: 422,
    code: "validation",
    says: /#\/slug/,
  },
  {
    name: "a slug of 41 characters",
    body: { workflow: "quick", slug: "a".repeat(41) },
    status: 422,
    code: "validation",
    says: /#\/slug/,
  },
  {
    name: "any slug where the server refuses them",
    body: { workflow: "quick", slug: "mine" },
    behavior: { slugs: "refused" },
    status: 422,
    code: "validation",
    says: /#\/slug/,
  },
  {
    name: "missing inputs",
    body: { workflow: "required-inputs", inputs: { project: "", output: { format: "csv" } } },
    status: 400,
    code: "missing_required_fields",
    says: /Missing required fields: Project name, Number of nodes, Output folder"/,
  },
  {
    name: "a cluster that isn't there",
    body: { workflow: "open-notebook", inputs: { resource: "nowhere" } },
    status: 400,
    code: "compute_resource_not_found",
    says: /Compute resource not found/,
  },
  {
    name: "YAML that can't be read",
    body: { yaml: "jobs: [" },
    status: 400,
    code: "invalid_yaml",
    says: /Invalid YAML/,
  },
  {
    name: "YAML without jobs",
    body: { yaml: "on: {}" },
    status: 400,
    code: "invalid_yaml",
    says: /Invalid YAML/,
  },
  {
    name: "an expression that can't be read",
    body: { yaml: "jobs: { a: { steps: [{ run: 'echo ${{ nowhere.x }}' }] } }" },
    status: 400,
    code: "expression_error",
    says: /Expression Parser Error/,
  },
  {
    name: "a workflow that asks for consent, without any",
    body: { workflow: "needs-consent" },
    status: 403,
    code: "consent_required",
    says: /clusters:read.*LICENSE_SERVER/,
  },
  {
    name: "a workflow that asks for consent, with half of it",
    body: { workflow: "needs-consent", consentPermissions: ["clusters:read", "storage:write"] },
    status: 403,
    code: "consent_required",
    says: /consent: variable LICENSE_SERVER"/,
  },
  {
    name: "anything while the workspace is off",
    body: { workflow: "quick" },
    behavior: { workspace: "Off" },
    status: 400,
    code: "invalid_request",
    says: /User workspace not found or is not running/,
  },
  {
    name: "anything while the workspace starts",
    body: { workflow: "quick" },
    behavior: { workspace: "Starting", workspaceErrorStatus: 503 },
    status: 503,
    code: "unavailable",
    says: /Could not execute workflow/,
  },
];

for (const { name, body, behavior = {}, status, code, says } of REFUSED) {
  Deno.test(`submitting ${name} answers ${status} ${code} and starts nothing`, async () => {
    await using sim = await startSimulator({ behavior });
    const answer = await ask(sim, "POST", RUNS, { body });
    assert.equal(answer.status, status, answer.text);
    assert.equal(answer.at("code"), code);
    assert.match(answer.text, says);
    assert.deepEqual(sim.runs(), []);
  });
}

const CONSENT = { consentPermissions: ["clusters:read", "storage:write"], consentVariables: ["LICENSE_SERVER"] };

for (const [name, consent] of [["named", CONSENT], ["for everything", { autoApproveConsent: true }]] as const) {
  Deno.test(`consent ${name} lets the workflow run`, async () => {
    await using sim = await startSimulator();
    const answer = await ask(sim, "POST", RUNS, { body: { workflow: "needs-consent", ...consent } });
    assert.equal(answer.status, 200, answer.text);
  });
}

Deno.test("consent that was named holds until it is revoked", async () => {
  await using sim = await startSimulator();
  const again = async () => (await ask(sim, "POST", RUNS, { body: { workflow: "needs-consent" } })).status;
  await ask(sim, "POST", RUNS, { body: { workflow: "needs-consent", ...CONSENT } });
  assert.equal(await again(), 200);
  const grants = await ask(sim, "GET", "/api/workflow-permissions");
  assert.deepEqual(grants.at(""), [{
    workflow: "needs-consent",
    allowedPermissions: CONSENT.consentPermissions,
    allowedUserVariables: CONSENT.consentVariables,
  }]);
  assert.equal((await ask(sim, "DELETE", "/api/workflow-permissions/needs-consent")).status, 204);
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
  Deno.test(`two submits with one slug answer ${statuses} where slugs are ${slugs}`, async () => {
    await using sim = await startSimulator({ behavior: { slugs, duplicateSlugStatus } });
    const answers = [
      await ask(sim, "POST", RUNS, { body: { workflow: "quick", slug: "mine" } }),
      await ask(sim, "POST", RUNS, { body: { workflow: "quick", slug: "mine" } }),
    ];
    assert.deepEqual(answers.map(({ status }) => status), statuses);
    assert.deepEqual(sim.runs().map(({ slug }) => slug), runs);
    if (slugs === "existing") assert.equal(answers[1]?.at("run.id"), answers[0]?.at("run.id"));
  });
}

Deno.test("a slug that somebody else took is taken, though we can't see the run", async () => {
  await using sim = await startSimulator();
  await submit(sim, "quick", { user: "alice", slug: "mine" });
  assert.equal((await ask(sim, "POST", RUNS, { body: { workflow: "quick", slug: "mine" } })).status, 409);
  assert.equal((await ask(sim, "GET", `${RUNS}/mine`)).status, 404);
});

Deno.test("a second launch of the same workflow answers 409 until the gap has passed", async () => {
  const clock = virtualClock();
  await using sim = await startSimulator({ clock, behavior: { launchGapMs: 5_000 } });
  const launch = async (workflow: string) => (await ask(sim, "POST", RUNS, { body: { workflow } })).status;
  assert.equal(await launch("quick"), 200);
  assert.equal(await launch("quick"), 409);
  assert.equal(await launch("never-ending"), 200);
  clock.advance(5_000);
  assert.equal(await launch("quick"), 200);
});

for (
  const [dryRun, members] of [
    ["run", ["slug", "status"]],
    ["run-without-status", ["slug"]],
    ["no-slug", ["status"]],
  ] as const
) {
  Deno.test(`a dry run of the kind ${dryRun} shows ${members} and starts nothing`, async () => {
    await using sim = await startSimulator({ behavior: { dryRun } });
    const answer = await ask(sim, "POST", RUNS, { body: { workflow: "quick", dryRun: true } });
    assert.equal(answer.status, 200);
    assert.deepEqual(["slug", "status"].filter((name) => answer.at(`run.${name}`) !== undefined), members);
    assert.deepEqual(sim.runs(), []);
  });
}

Deno.test("a dry run finds what is missing", async () => {
  await using sim = await startSimulator();
  const answer = await ask(sim, "POST", RUNS, { body: { workflow: "required-inputs", dryRun: true } });
  assert.equal(answer.status, 400);
});

Deno.test("a workflow sent along runs under a name of two words", async () => {
  await using sim = await startSimulator();
  const answer = await ask(sim, "POST", RUNS, { body: { yaml: "jobs: { a: { steps: [{ run: sleep 1 }] } }" } });
  assert.match(String(answer.at("run.slug")), /^[a-z]+-[a-z]+-\d+$/);
  assert.equal(answer.at("run.inlineRun"), true);
});

Deno.test("a run asked to cancel is canceling for a while, then canceled", async () => {
  const clock = virtualClock();
  await using sim = await startSimulator({ clock });
  const slug = await submit(sim, "never-ending");
  clock.advance(10_000);
  assert.equal((await ask(sim, "POST", `${RUNS}/${slug}/cancel`)).status, 204);
  const page = () => ask(sim, "GET", `${RUNS}/${slug}`);
  assert.equal((await page()).at("status"), "canceling");
  clock.advance(2_000);
  assert.equal((await ask(sim, "POST", `${RUNS}/${slug}/cancel`)).status, 204);
  clock.advance(1_000);
  const ended = await page();
  assert.equal(ended.at("status"), "canceled");
  assert.equal(ended.at("completedAt"), new Date(clock.now()).toISOString().replace("Z", "000000Z"));
  assert.deepEqual(
    [0, 1].map((index) => ended.at(`executedJobs.watch.steps.${index}.status`)),
    ["completed", "canceled"],
  );
});

for (const cancelOfEnded of [204, 409] as const) {
  Deno.test(`cancelling what has ended answers ${cancelOfEnded} where the server does, and changes nothing`, async () => {
    await using sim = await startSimulator({ behavior: { cancelOfEnded } });
    const answer = await ask(sim, "POST", `${RUNS}/hello-world-00046/cancel`);
    assert.equal(answer.status, cancelOfEnded);
    assert.equal((await ask(sim, "GET", `${RUNS}/hello-world-00046`)).at("status"), "completed");
  });
}

for (const [word, shown] of [["canceling", "canceling"], ["error", "error"]] as const) {
  Deno.test(`an update to ${word} shows ${shown} with the reason given`, async () => {
    await using sim = await startSimulator();
    const slug = await submit(sim, "never-ending");
    const answer = await ask(sim, "PATCH", `${RUNS}/${slug}`, { body: { status: word, statusReason: "No use" } });
    assert.equal(answer.at("status"), shown);
    assert.equal(answer.at("statusReason"), "No use");
  });
}

Deno.test("a deleted run is gone with its files, and its slug is free again", async () => {
  await using sim = await startSimulator();
  await submit(sim, "quick", { slug: "mine" });
  assert.equal((await ask(sim, "DELETE", `${RUNS}/mine`)).status, 204);
  for (const path of ["", "/files?file=logs/main/step_0/logs.out", "/running-steps"]) {
    assert.equal((await ask(sim, "GET", `${RUNS}/mine${path}`)).status, 404);
  }
  assert.equal((await ask(sim, "DELETE", `${RUNS}/mine`)).status, 404);
  await submit(sim, "quick", { slug: "mine" });
});

Deno.test("a new run's own page may lag behind", async () => {
  const clock = virtualClock();
  await using sim = await startSimulator({ clock, behavior: { readLagMs: 4_000 } });
  await submit(sim, "quick", { slug: "mine" });
  const status = async () => (await ask(sim, "GET", `${RUNS}/mine`)).status;
  assert.equal(await status(), 404);
  clock.advance(4_000);
  assert.equal(await status(), 200);
});

for (const idInPath of [true, false]) {
  Deno.test(`a run's id ${idInPath ? "stands" : "does not stand"} for its slug where idInPath is ${idInPath}`, async () => {
    await using sim = await startSimulator({ behavior: { idInPath } });
    const id = (await ask(sim, "POST", RUNS, { body: { workflow: "quick" } })).at("run.id");
    assert.equal((await ask(sim, "GET", `${RUNS}/${id}`)).status, idInPath ? 200 : 404);
  });
}

const DELETIONS: readonly { readonly query: string; readonly left: readonly string[] }[] = [
  { query: "slugs=a,b", left: ["c"] },
  { query: "status=completed", left: ["b", "c"] },
  { query: "status=error&olderThanDays=1", left: ["a", "b", "c"] },
  { query: "olderThanDays=0", left: ["c"] },
];

for (const { query, left } of DELETIONS) {
  Deno.test(`deleting many with ${query} leaves ${left}`, async () => {
    const clock = virtualClock();
    await using sim = await startSimulator({ clock });
    const user = "alice";
    await submit(sim, "quick", { slug: "a", user });
    await submit(sim, "failing-step", { slug: "b", user });
    await submit(sim, "never-ending", { slug: "c", user });
    clock.advance(60_000);
    assert.equal((await ask(sim, "DELETE", `${RUNS}?${query}`, { user })).status, 204);
    const list = await ask(sim, "GET", RUNS, { user });
    const slugs = left.map((_, index) => list.at(`runs.${index}.slug`));
    assert.deepEqual(slugs.toReversed(), left);
    assert.equal(list.at("total"), left.length);
  });
}
