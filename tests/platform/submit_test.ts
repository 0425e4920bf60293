import assert from "node:assert/strict";
import type { SubmitRequest, SubmitResponse } from "../../lib/platform/client.ts";
import { BadResponse, CredentialError, Rejected, Unavailable } from "../../lib/errors.ts";
import type { Fault, ServerBehavior } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { depsFor } from "../support/deps.ts";
import { virtualClock } from "../support/virtual_clock.ts";
import { clientOf, closedPort, httpServer, rawServer } from "./support/servers.ts";

const SUBMISSION: SubmitRequest = { workflow: "quick", inputs: {}, slug: "mine-1", displayName: "Mine", consent: null };

interface Ending {
  readonly answer: SubmitResponse;
  /** How many submits arrived. */
  readonly submits: number;
  /** How many runs of ours exist. */
  readonly runs: number;
}

async function submitTo(
  faults: readonly Omit<Fault, "on">[],
  { behavior = {}, submission = SUBMISSION }: {
    readonly behavior?: Partial<ServerBehavior>;
    readonly submission?: SubmitRequest;
  } = {},
): Promise<Ending> {
  const clock = virtualClock();
  const all = faults.map((fault) => ({ ...fault, on: "submit" as const }));
  await using simulator = await startSimulator({ clock, behavior, faults: all });
  const before = simulator.runs().length;
  const { client } = await depsFor(simulator, { clock });
  const answer = await client.submit(submission, {});
  return { answer, submits: simulator.received("submit").length, runs: simulator.runs().length - before };
}

Deno.test("a submit that is taken answers with its run", async () => {
  const { answer, submits, runs } = await submitTo([]);
  assert.ok(answer.type === "accepted");
  assert.deepEqual([answer.run.slug, answer.run.status, answer.run.displayName], ["mine-1", "running", "Mine"]);
  assert.deepEqual([submits, runs], [1, 1]);
});

Deno.test("a submit tells the session that its run will open", async () => {
  const submission = { ...SUBMISSION, workflow: "open-notebook", inputs: { resource: "a30gpuserver" } };
  const { answer } = await submitTo([], { submission });
  assert.ok(answer.type === "accepted", Deno.inspect(answer));
  assert.equal(typeof answer.redirectSession, "string");
});

/** What goes wrong, how the submit ends, whether an error says that a run may have started, and how many did. */
const ENDINGS: readonly (readonly [string, Omit<Fault, "on">, SubmitResponse["type"], "no" | "unknown", number])[] = [
  ["a cut before the effect", { cut: "before-effect" }, "ambiguous", "unknown", 0],
  ["a cut after the effect", { cut: "after-effect" }, "ambiguous", "unknown", 1],
  ["500", { status: 500 }, "ambiguous", "unknown", 0],
  ["502 after the effect", { statusAfterEffect: 502 }, "ambiguous", "unknown", 1],
  ["503", { status: 503 }, "ambiguous", "unknown", 0],
  ["504 with a web page", { status: 504, body: "html" }, "ambiguous", "unknown", 0],
  ["408", { status: 408 }, "ambiguous", "unknown", 0],
  ["a body cut short", { body: "truncated" }, "ambiguous", "unknown", 1],
  ["a malformed body", { body: "malformed" }, "ambiguous", "unknown", 1],
  ["a web page for a body", { body: "html" }, "ambiguous", "unknown", 1],
  ["an empty body", { body: "empty" }, "ambiguous", "unknown", 1],
  ["a body of another shape", { body: "wrong-shape" }, "ambiguous", "unknown", 1],
  ["409", { status: 409 }, "conflict", "no", 0],
  ["429", { status: 429, retryAfter: "7" }, "not-sent", "no", 0],
  ["400", { status: 400 }, "rejected", "no", 0],
  ["401", { status: 401 }, "rejected", "no", 0],
  ["403", { status: 403 }, "rejected", "no", 0],
  ["404", { status: 404 }, "rejected", "no", 0],
  ["422", { status: 422, body: "empty" }, "rejected", "no", 0],
];

for (const [what, fault, type, submitted, wantRuns] of ENDINGS) {
  Deno.test(`after ${what} a submit is ${type}, and sent once`, async () => {
    const { answer, submits, runs } = await submitTo([fault]);
    assert.equal(answer.type, type, Deno.inspect(answer));
    assert.ok(answer.type !== "accepted");
    assert.equal(answer.error.submitted, submitted);
    assert.match(answer.error.message, /^Cannot submit quick: .*request [\w-]+\)$/);
    assert.deepEqual([submits, runs], [1, wantRuns]);
    if (answer.type === "rejected") assert.equal(answer.isSlugRefused, false);
  });
}

for (const [status, isGateway] of [[500, false], [502, true], [503, false], [504, true]] as const) {
  Deno.test(`${status} ${isGateway ? "comes" : "does not come"} from a gateway`, async () => {
    const { answer } = await submitTo([{ status, retryAfter: "9" }]);
    assert.ok(answer.type === "ambiguous" && answer.error instanceof Unavailable);
    assert.deepEqual([answer.isGateway, answer.retryAfterMs], [isGateway, 9_000]);
  });
}

Deno.test("a 429 tells how long to wait", async () => {
  const { answer } = await submitTo([{ status: 429, retryAfter: "7" }]);
  assert.ok(answer.type === "not-sent");
  assert.equal(answer.retryAfterMs, 7_000);
});

Deno.test("an answer without a readable run says what was wrong with it", async () => {
  await using server = httpServer(() => Response.json({ run: { id: 5 } }));
  const answer = await (await clientOf(server.url)).submit(SUBMISSION, {});
  assert.ok(answer.type === "ambiguous" && answer.error instanceof BadResponse);
  assert.match(answer.error.message, /Cannot submit quick: run\.id must be a string, got number \(200, request/);
});

Deno.test("a port that nobody listens on: not sent", async () => {
  const answer = await (await clientOf(`http://127.0.0.1:${closedPort()}`)).submit(SUBMISSION, {});
  assert.ok(answer.type === "not-sent");
  assert.deepEqual([answer.error.kind, answer.error.submitted], ["unreachable", "no"]);
});

// What asks to send the same elsewhere was not done. The others may point to the result of what was.
const REDIRECTS = [[301, "ambiguous"], [302, "ambiguous"], [303, "ambiguous"], [307, "rejected"], [308, "rejected"]];
for (const [status, type] of REDIRECTS) {
  Deno.test(`a redirect with ${status} is ${type}, and neither submit nor credential follows it`, async () => {
    await using other = httpServer(() => Response.json({}));
    for (const location of ["/elsewhere", `${other.url}/api/workflow-runs`]) {
      await using server = httpServer(() => new Response(null, { status: Number(status), headers: { location } }));
      const answer = await (await clientOf(server.url)).submit(SUBMISSION, {});
      assert.equal(answer.type, type);
      assert.ok("error" in answer);
      assert.match(answer.error.message, /^Cannot submit quick: the server redirects to http:\/\/127\.0\.0\.1:\d+[, ]/);
      assert.equal(answer.error.submitted, type === "rejected" ? "no" : "unknown");
      assert.deepEqual(server.received, ["POST /api/workflow-runs"]);
    }
    assert.deepEqual(other.received, []);
  });
}

Deno.test("a clear no stays one, however long its page is", async () => {
  await using server = httpServer(() => new Response("x".repeat(3_000_000), { status: 400 }));
  assert.equal((await (await clientOf(server.url)).submit(SUBMISSION, {})).type, "rejected");
});

Deno.test("a submit that is read and never answered arrives exactly once, other connections kept alive or not", async () => {
  // What was seen: on a connection that a read had left open, the runtime sent a POST again when it was closed.
  const list =
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\n[]";
  await using server = rawServer((method) => method === "GET" ? list : null);
  const client = await clientOf(server.url);
  for (let submits = 1; submits <= 20; submits++) {
    await client.listWorkflows({});
    const answer = await client.submit(SUBMISSION, {});
    assert.equal(answer.type, "ambiguous");
    assert.equal(server.requests("POST"), submits);
  }
});

Deno.test("a submit never goes over a connection that was used before", async () => {
  const clock = virtualClock();
  await using simulator = await startSimulator({ clock });
  const { client } = await depsFor(simulator, { clock });
  await client.listWorkflows({});
  await client.submit(SUBMISSION, {});
  await client.submit({ ...SUBMISSION, slug: "mine-2" }, {});
  const submits = simulator.received("submit").map(({ connection }) => connection);
  const others = simulator.received().filter(({ operation }) => operation !== "submit").map(({ connection }) =>
    connection
  );
  assert.equal(new Set(submits).size, 2);
  assert.ok(submits.every((connection) => !others.includes(connection)));
});

Deno.test("giving up throws the signal's own reason", async () => {
  const reason = new Error("the user left");
  const controller = new AbortController();
  const late = Promise.withResolvers<Response>();
  await using server = httpServer(() => {
    controller.abort(reason);
    return late.promise;
  });
  const client = await clientOf(server.url);
  await assert.rejects(client.submit(SUBMISSION, { signal: controller.signal }), reason);
  late.resolve(new Response());
});

const SLUG_REFUSALS: readonly (readonly [string, unknown, boolean])[] = [
  [
    "points at the slug",
    { type: "about:blank", errors: [{ type: "about:blank", code: "x", pointer: "#/slug" }] },
    true,
  ],
  ["points at something in the slug's name", {
    type: "about:blank",
    errors: [{ type: "x", code: "x", pointer: "#/slugs" }],
  }, false],
  [
    "points at an input called slug",
    { type: "x", errors: [{ type: "x", code: "x", pointer: "#/inputs/slug" }] },
    false,
  ],
  [
    "speaks of the slug in words alone",
    { error: true, message: "slug already in use", errors: ["slug is invalid"] },
    false,
  ],
];

for (const [what, body, isSlugRefused] of SLUG_REFUSALS) {
  Deno.test(`a refusal that ${what} ${isSlugRefused ? "refuses" : "does not refuse"} the slug`, async () => {
    await using server = httpServer(() => Response.json(body, { status: 422 }));
    const answer = await (await clientOf(server.url)).submit(SUBMISSION, {});
    assert.ok(answer.type === "rejected" && answer.error instanceof Rejected);
    assert.equal(answer.isSlugRefused, isSlugRefused);
  });
}

Deno.test("a server that refuses slugs is understood", async () => {
  const { answer } = await submitTo([], { behavior: { slugs: "refused" } });
  assert.ok(answer.type === "rejected");
  assert.equal(answer.isSlugRefused, true);
});

Deno.test("consent is what the user was shown, and nothing is granted beyond it", async () => {
  const clock = virtualClock();
  await using simulator = await startSimulator({ clock });
  const { client } = await depsFor(simulator, { clock });
  const consent = { permissions: ["clusters:read", "storage:write"], variables: ["LICENSE_SERVER"] };
  await client.submit({ ...SUBMISSION, workflow: "needs-consent", displayName: null, slug: null, consent }, {});
  await client.submit({ ...SUBMISSION, consent: { permissions: [], variables: [] } }, {});
  assert.deepEqual(simulator.received("submit").map(({ body }) => body), [
    {
      workflow: "needs-consent",
      inputs: {},
      consentPermissions: ["clusters:read", "storage:write"],
      consentVariables: ["LICENSE_SERVER"],
    },
    { workflow: "quick", inputs: {}, slug: "mine-1", displayName: "Mine" },
  ]);
});

/** What the question for the routes answers, and how a submit that needs it ends: nothing was posted. */
const UNASKED: readonly (readonly [string, Response, SubmitResponse["type"]])[] = [
  ["503", new Response(null, { status: 503, headers: { "retry-after": "90" } }), "not-sent"],
  ["a web page", new Response("<html>", { headers: { "content-type": "text/html" } }), "not-sent"],
  ["401", new Response(null, { status: 401 }), "rejected"],
  ["403", new Response(null, { status: 403 }), "rejected"],
];

for (const [what, response, type] of UNASKED) {
  Deno.test(`a host that answers the question for its routes with ${what}: ${type}, and nothing is posted`, async () => {
    await using server = httpServer(() => response.clone());
    const answer = await (await clientOf(server.url, { routes: undefined })).submit(SUBMISSION, {});
    assert.equal(answer.type, type);
    assert.ok(answer.type !== "accepted" && answer.error.submitted === "no");
    if (what === "503") assert.ok(answer.type === "not-sent" && answer.retryAfterMs === 90_000);
    if (what === "401") assert.ok(answer.error instanceof CredentialError);
    assert.ok(server.received.every((request) => request.startsWith("GET ")));
  });
}
