import assert from "node:assert/strict";
import { ACCOUNT_ROUTES } from "../../lib/simulator/routes/account.ts";
import { RUN_ROUTES } from "../../lib/simulator/routes/runs.ts";
import { VARIABLE_ROUTES } from "../../lib/simulator/routes/variables.ts";
import { WORKFLOW_ROUTES } from "../../lib/simulator/routes/workflows.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import type { Json } from "../../lib/json.ts";
import type { ServerBehavior } from "../../lib/simulator/simulator.ts";
import { readContract } from "../support/contract.ts";
import { virtualClock } from "../support/virtual_clock.ts";
import { request, submit } from "./request.ts";

const contract = await readContract();

interface Case {
  /** `METHOD /path/{template}`, as in the contract. */
  readonly operation: string;
  readonly path: string;
  readonly status: number;
  readonly body?: Json;
  /** Workflow that is submitted first with the slug `a-run`, and the age of that run at the request. */
  readonly run?: string;
  readonly ageMs?: number;
  readonly user?: string;
  readonly behavior?: Partial<ServerBehavior>;
}

const SESSION = "/api/organizations/{organization}/users/{user}/sessions/{name}";
const SESSION_PATH = "/api/organizations/example-org/users/demo/sessions/open-notebook_1_session";

const RESTART = "/api/organizations/{organization}/users/{user}/user-workspace/restart";
const RESTART_PATH = "/api/organizations/example-org/users/demo/user-workspace/restart";

const CASES: readonly Case[] = [
  { operation: "GET /healthzz", path: "/healthzz", status: 200 },
  { operation: "GET /workflow.schema.json", path: "/workflow.schema.json", status: 200 },
  { operation: "GET /api/auth/whoami", path: "/api/auth/whoami", status: 200 },
  { operation: "GET /api/auth/whoami/organization", path: "/api/auth/whoami/organization", status: 200 },
  { operation: "GET /api/auth/session", path: "/api/auth/session", status: 200 },
  { operation: "GET /api/auth/session", path: "/api/auth/session", status: 401, user: "expired" },
  { operation: "GET /api/clusters", path: "/api/clusters", status: 200 },
  { operation: "GET /api/clusters", path: "/api/clusters?scope=user:unknown", status: 200 },
  { operation: "GET /api/user-workspace/status", path: "/api/user-workspace/status", status: 200 },
  {
    operation: "GET /api/user-workspace/status",
    path: "/api/user-workspace/status",
    status: 200,
    behavior: { workspace: "Off" },
  },
  { operation: `POST ${RESTART}`, path: RESTART_PATH, body: { forceKill: false }, run: "never-ending", status: 204 },
  { operation: `POST ${RESTART}`, path: RESTART_PATH, body: {}, status: 422 },
  { operation: `POST ${RESTART}`, path: RESTART_PATH, body: { forceKill: false }, user: "alice", status: 403 },
  { operation: "GET /api/workflow-permissions", path: "/api/workflow-permissions", status: 200 },
  {
    operation: "DELETE /api/workflow-permissions/{workflow}",
    path: "/api/workflow-permissions/needs-consent",
    status: 404,
  },
  { operation: "GET /api/workflows", path: "/api/workflows", status: 200 },
  { operation: "GET /api/workflows", path: "/api/workflows?favoriteOnly=true", status: 200 },
  { operation: "GET /api/workflows/{workflow}", path: "/api/workflows/every-type", status: 200 },
  { operation: "GET /api/workflows/{workflow}", path: "/api/workflows/nothing", status: 404 },
  { operation: "GET /api/workflows/{workflow}/json", path: "/api/workflows/hello-world/json", status: 200 },
  { operation: "GET /api/workflows/{workflow}/yaml", path: "/api/workflows/hello-world/yaml", status: 200 },
  { operation: "GET /api/workflows/{workflow}/markdown", path: "/api/workflows/hello-world/markdown", status: 200 },
  { operation: "GET /api/workflows/{workflow}/markdown", path: "/api/workflows/quick/markdown", status: 200 },
  {
    operation: "POST /api/workflows/{workflow}/saved-inputs",
    path: "/api/workflows/hello-world/saved-inputs",
    body: { name: "mine", inputs: { hello: { message: "x" } } },
    status: 200,
  },
  {
    operation: "POST /api/workflows/{workflow}/saved-inputs",
    path: "/api/workflows/hello-world/saved-inputs",
    body: { name: "x" },
    status: 422,
  },
  {
    operation: "PATCH /api/workflows/{workflow}/saved-inputs/{name}",
    path: "/api/workflows/hello-world/saved-inputs/on-slurm",
    body: { name: "on-batch", inputs: {} },
    status: 200,
  },
  {
    operation: "DELETE /api/workflows/{workflow}/saved-inputs/{name}",
    path: "/api/workflows/hello-world/saved-inputs/on-slurm",
    status: 200,
  },
  {
    operation: "DELETE /api/workflows/{workflow}/saved-inputs/{name}",
    path: "/api/workflows/data-processor/saved-inputs/small",
    status: 403,
  },
  { operation: "GET /api/workflow-runs", path: "/api/workflow-runs", status: 200 },
  { operation: "GET /api/workflow-runs", path: "/api/workflow-runs?workflow=nothing", status: 200 },
  { operation: "GET /api/workflow-runs", path: "/api/workflow-runs?limit=none", status: 422 },
  {
    operation: "POST /api/workflow-runs",
    path: "/api/workflow-runs",
    body: { workflow: "quick", displayName: "One" },
    status: 200,
  },
  {
    operation: "POST /api/workflow-runs",
    path: "/api/workflow-runs",
    body: { workflow: "open-notebook" },
    status: 200,
  },
  {
    operation: "POST /api/workflow-runs",
    path: "/api/workflow-runs",
    body: { yaml: "jobs: { a: { steps: [{ run: echo hi }] } }", dryRun: true },
    status: 200,
  },
  {
    operation: "POST /api/workflow-runs",
    path: "/api/workflow-runs",
    body: { workflow: "needs-consent" },
    status: 403,
  },
  {
    operation: "POST /api/workflow-runs",
    path: "/api/workflow-runs",
    body: { workflow: "required-inputs" },
    status: 400,
  },
  { operation: "POST /api/workflow-runs", path: "/api/workflow-runs", body: { workflow: "nothing" }, status: 404 },
  {
    operation: "POST /api/workflow-runs",
    path: "/api/workflow-runs",
    body: { workflow: "quick", nodes: 4 },
    status: 422,
  },
  {
    operation: "POST /api/workflow-runs",
    path: "/api/workflow-runs",
    body: { workflow: "quick", slug: "a-run" },
    run: "quick",
    status: 409,
  },
  {
    operation: "POST /api/workflow-runs",
    path: "/api/workflow-runs",
    body: { workflow: "quick" },
    behavior: { rateLimit: 0 },
    status: 429,
  },
  { operation: "DELETE /api/workflow-runs", path: "/api/workflow-runs?slugs=a-run", run: "quick", status: 204 },
  { operation: "DELETE /api/workflow-runs", path: "/api/workflow-runs", status: 400 },
  { operation: "DELETE /api/workflow-runs/{slug}", path: "/api/workflow-runs/a-run", run: "quick", status: 204 },
  { operation: "GET /api/workflow-runs/{slug}", path: "/api/workflow-runs/a-run", run: "matrix-sweep", status: 200 },
  ...[0, 5_000, 60_000].map((ageMs) => ({
    operation: "GET /api/workflow-runs/{slug}",
    path: "/api/workflow-runs/a-run",
    run: "failing-step",
    ageMs,
    status: 200,
  })),
  { operation: "GET /api/workflow-runs/{slug}", path: "/api/workflow-runs/a-run", run: "open-notebook", status: 200 },
  { operation: "GET /api/workflow-runs/{slug}", path: "/api/workflow-runs/hello-world-00040", status: 200 },
  { operation: "GET /api/workflow-runs/{slug}", path: "/api/workflow-runs/no-such-run", status: 404 },
  {
    operation: "PATCH /api/workflow-runs/{slug}",
    path: "/api/workflow-runs/a-run",
    body: { status: "error", statusReason: "No good", displayName: "Mine" },
    run: "never-ending",
    status: 200,
  },
  {
    operation: "PATCH /api/workflow-runs/{slug}",
    path: "/api/workflow-runs/a-run",
    body: { status: "completed" },
    run: "never-ending",
    status: 422,
  },
  {
    operation: "POST /api/workflow-runs/{slug}/cancel",
    path: "/api/workflow-runs/a-run/cancel",
    run: "never-ending",
    status: 204,
  },
  {
    operation: "GET /api/workflow-runs/{slug}/files",
    path: "/api/workflow-runs/a-run/files?file=logs/main/step_0/logs.out",
    run: "quick",
    status: 200,
  },
  {
    operation: "GET /api/workflow-runs/{slug}/files",
    path: "/api/workflow-runs/a-run/files?file=logs/main/step_9/logs.out",
    run: "quick",
    status: 404,
  },
  {
    operation: "GET /api/workflow-runs/{slug}/files",
    path: "/api/workflow-runs/a-run/files",
    run: "quick",
    status: 422,
  },
  ...[0, 60_000].map((ageMs) => ({
    operation: "GET /api/workflow-runs/{slug}/running-steps",
    path: "/api/workflow-runs/a-run/running-steps",
    run: "quick",
    ageMs,
    status: 200,
  })),
  { operation: "GET /api/sessions", path: "/api/sessions", status: 200 },
  ...[0, 5_000, 20_000, 60_000].map((ageMs) => ({
    operation: "GET /api/sessions",
    path: "/api/sessions?type=tunnel",
    run: "open-notebook",
    ageMs,
    status: 200,
  })),
  { operation: `GET ${SESSION}`, path: SESSION_PATH, run: "open-notebook", status: 200 },
  { operation: `GET ${SESSION}`, path: SESSION_PATH, status: 404 },
  { operation: "POST /api/sessions", path: "/api/sessions", body: { type: "link", name: "mine" }, status: 200 },
  { operation: "POST /api/sessions", path: "/api/sessions", body: { type: "nothing" }, status: 422 },
  {
    operation: `POST ${SESSION}/restart`,
    path: `${SESSION_PATH}/restart`,
    run: "open-notebook",
    ageMs: 60_000,
    status: 200,
  },
  { operation: `POST ${SESSION}/restart`, path: `${SESSION_PATH}/restart`, status: 404 },
  { operation: "GET /api/workflow-variables", path: "/api/workflow-variables", status: 200 },
  {
    operation: "POST /api/workflow-variables",
    path: "/api/workflow-variables",
    body: { key: "TOKEN", value: "x", secret: true },
    status: 200,
  },
  { operation: "POST /api/workflow-variables", path: "/api/workflow-variables", body: { key: "TOKEN" }, status: 422 },
  { operation: "PATCH /api/workflow-variables/{key}", path: "/api/workflow-variables/TOKEN", body: {}, status: 404 },
  { operation: "DELETE /api/workflow-variables/{key}", path: "/api/workflow-variables/TOKEN", status: 404 },
  { operation: `DELETE ${SESSION}`, path: SESSION_PATH, run: "open-notebook", status: 204 },
];

for (const { operation, path, status, body, run, ageMs = 0, user, behavior } of CASES) {
  const [method = ""] = operation.split(" ");
  const title = `${method} ${path}${body === undefined ? "" : ` ${JSON.stringify(body)}`}`;
  const setup = run === undefined ? "" : `, with a run of ${run} after ${ageMs} ms,`;
  for (const errorBody of status >= 400 ? ["envelope", "problem"] as const : ["envelope"] as const) {
    const form = status >= 400 ? ` (${errorBody})` : "";
    Deno.test({
      name: `${title}${setup} returns ${status}${form} and conforms to the contract`,
      async fn() {
        const clock = virtualClock();
        await using sim = await startSimulator({ clock });
        if (run !== undefined) await submit(sim, run, { slug: "a-run" });
        sim.setBehavior({ errorBody, ...behavior });
        clock.advance(ageMs);
        const response = await request(sim, method, path, {
          ...(body === undefined ? {} : { body }),
          ...(user === undefined ? {} : { user }),
          accept: "application/json, application/problem+json",
        });
        assert.equal(response.status, status, response.text);
        const contentType = response.headers.get("content-type") ?? "";
        if (status >= 400) {
          assert.match(contentType, errorBody === "problem" ? /^application\/problem\+json/ : /^application\/json/);
        }
        assert.deepEqual(contract.problemsOf({ operation, status, contentType, text: response.text }), []);
      },
    });
  }
}

for (const { method, path, apiVersion } of [...ACCOUNT_ROUTES, ...WORKFLOW_ROUTES, ...VARIABLE_ROUTES, ...RUN_ROUTES]) {
  const operation = `${method} ${path.replace(/:(\w+)/g, "{$1}")}`;
  Deno.test(`${operation} is checked against the contract${apiVersion === undefined ? "" : ` (${apiVersion} API)`}`, () => {
    assert.ok(CASES.some((testCase) => testCase.operation === operation));
  });
}

const PARAMS: Readonly<Record<string, string>> = {
  workflow: "hello-world",
  name: "on-slurm",
  key: "TOKEN",
};
const VALUES: readonly Json[] = [
  ...["", "x", "text", "two words", "tunnel", "canceling", "https://example.com/", "x".repeat(60), "x".repeat(1_001)],
  ...[-1, 0, 1, 1.5, 65_535, 65_536, true, null, [], [1], ["text"], {}, { name: "text" }, { name: 1 }],
];

for (const { method, path } of [...WORKFLOW_ROUTES, ...VARIABLE_ROUTES, ...RUN_ROUTES]) {
  const members = contract.bodyMembersOf(`${method} ${path.replace(/:(\w+)/g, "{$1}")}`);
  if (members.length === 0) continue;
  Deno.test(`${method} ${path} accepts of each member of its body what the contract does`, async () => {
    await using sim = await startSimulator({ behavior: { slugs: "ignored" } });
    await submit(sim, "never-ending", { slug: "a-run" });
    const slug = sim.runs()[0]?.slug ?? "";
    await request(sim, "POST", "/api/workflow-variables", { body: { key: "TOKEN", value: "x" } });
    const at = path.replace(/:(\w+)/g, (_, name) => name === "slug" ? slug : PARAMS[name] ?? "");
    const differences: string[] = [];
    for (const [name, value] of members.flatMap((name) => VALUES.map((value) => [name, value] as const))) {
      const body = { [name]: value };
      const problems = contract.problemsOfRequest({ method, path: at, body });
      const isInvalid = problems.some((problem) => problem.startsWith(`/${name} `) || problem.startsWith(`/${name}/`));
      const response = await request(sim, method, at, { body, accept: "application/problem+json" });
      const isRefused = response.status === 422 && response.text.includes(`"pointer":"#/${name}"`);
      if (isRefused !== isInvalid) differences.push(JSON.stringify(body).slice(0, 80));
    }
    assert.deepEqual(differences, []);
  });
}

Deno.test({
  name: "every checked operation is part of the contract",
  fn() {
    const unknown = CASES.map(({ operation }) => operation).filter((name) => !contract.operations.includes(name));
    assert.deepEqual(unknown, []);
  },
});
