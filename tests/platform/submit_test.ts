import assert from "node:assert/strict";
import type { SubmitRequest, SubmitResponse } from "../../lib/platform/client.ts";
import { BadResponse, CredentialError, Rejected, Unavailable } from "../../lib/errors.ts";
import type { Fault, ServerBehavior } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { depsFor } from "../support/deps.ts";
import { virtualClock } from "../support/virtual_clock.ts";
import { clientOf, CLOSED_PORT, httpServer, rawServer } from "./support/servers.ts";

const SUBMISSION: SubmitRequest = { workflow: "quick", inputs: {}, slug: "mine-1", displayName: "Mine", consent: null };

interface SubmitResult {
  readonly response: SubmitResponse;
  /** Number of submits that arrived. */
  readonly submits: number;
  /** Number of runs that were started. */
  readonly runs: number;
}

async function submitTo(
  faults: readonly Omit<Fault, "on">[],
  { behavior = {}, submission = SUBMISSION }: {
    readonly behavior?: Partial<ServerBehavior>;
    readonly submission?: SubmitRequest;
  } = {},
): Promise<SubmitResult> {
  const clock = virtualClock();
  const all = faults.map((fault) => ({ ...fault, on: "submit" as const }));
  await using simulator = await startSimulator({ clock, behavior, faults: all });
  const before = simulator.runs().length;
  const { client } = await depsFor(simulator, { clock });
  const response = await client.submit(submission, {});
  return { response, submits: simulator.received("submit").length, runs: simulator.runs().length - before };
}

Deno.test("an accepted submit returns its run", async () => {
  const { response, submits, runs } = await submitTo([]);
  assert.ok(response.type === "accepted");
  assert.deepEqual([response.run.slug, response.run.status, response.run.displayName], ["mine-1", "running", "Mine"]);
  assert.deepEqual([submits, runs], [1, 1]);
});

Deno.test("a submit is sent once, even if the runtime would repeat it on another connection", async () => {
  await using server = rawServer((method) =>
    method === "GET" ? "HTTP/1.1 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\n[]" : null
  );
  // On a connection that was used before; from 2.7 to 2.9.5, Deno would repeat it on a new one, too.
  const client = await clientOf(server.url, { createHttpClient: null });
  await client.listWorkflows({});
  assert.equal((await client.submit(SUBMISSION, {})).type, "ambiguous");
  assert.equal(server.requests("POST"), 1);
});

/** Fault, type of the response, `submitted` of its error, and number of runs started. */
const FAULTS: readonly (readonly [string, Omit<Fault, "on">, SubmitResponse["type"], "no" | "unknown", number])[] = [
  ["a connection cut before the effect", { cut: "before-effect" }, "ambiguous", "unknown", 0],
  ["a connection cut after the effect", { cut: "after-effect" }, "ambiguous", "unknown", 1],
  ["500", { status: 500 }, "ambiguous", "unknown", 0],
  ["502 after the effect", { statusAfterEffect: 502 }, "ambiguous", "unknown", 1],
  ["503", { status: 503 }, "ambiguous", "unknown", 0],
  ["504 with a web page", { status: 504, body: "html" }, "ambiguous", "unknown", 0],
  ["408", { status: 408 }, "ambiguous", "unknown", 0],
  ["a truncated body", { body: "truncated" }, "ambiguous", "unknown", 1],
  ["a malformed body", { body: "malformed" }, "ambiguous", "unknown", 1],
  ["a web page", { body: "html" }, "ambiguous", "unknown", 1],
  ["an empty body", { body: "empty" }, "ambiguous", "unknown", 1],
  ["a body of the wrong shape", { body: "wrong-shape" }, "ambiguous", "unknown", 1],
  ["409", { status: 409 }, "conflict", "no", 0],
  ["429", { status: 429, retryAfter: "7" }, "not-sent", "no", 0],
  ["400", { status: 400 }, "rejected", "no", 0],
  ["401", { status: 401 }, "rejected", "no", 0],
  ["403", { status: 403 }, "rejected", "no", 0],
  ["404", { status: 404 }, "rejected", "no", 0],
  ["407", { status: 407 }, "rejected", "no", 0],
  ["422", { status: 422, body: "empty" }, "rejected", "no", 0],
];

for (const [what, fault, type, submitted, wantRuns] of FAULTS) {
  Deno.test(`after ${what} a submit is ${type}, and sent once`, async () => {
    const { response, submits, runs } = await submitTo([fault]);
    assert.equal(response.type, type, Deno.inspect(response));
    assert.ok(response.type !== "accepted");
    assert.equal(response.error.submitted, submitted);
    assert.match(response.error.message, /^Cannot submit quick: .*request [\w-]+\)$/);
    assert.deepEqual([submits, runs], [1, wantRuns]);
    if (response.type === "rejected") assert.equal(response.isSlugRefused, false);
  });
}

for (const [status, isGateway] of [[500, false], [502, true], [503, false], [504, true]] as const) {
  Deno.test(`${status} ${isGateway ? "comes" : "does not come"} from a gateway`, async () => {
    const { response } = await submitTo([{ status, retryAfter: "9" }]);
    assert.ok(response.type === "ambiguous" && response.error instanceof Unavailable);
    assert.equal(response.isGateway, isGateway);
  });
}

Deno.test("a 429 returns Retry-After", async () => {
  const { response } = await submitTo([{ status: 429, retryAfter: "7" }]);
  assert.ok(response.type === "not-sent");
  assert.equal(response.retryAfterMs, 7_000);
});

Deno.test("an ambiguous response reports what is wrong with the run", async () => {
  await using server = httpServer(() => Response.json({ run: { id: 5 } }));
  const response = await (await clientOf(server.url)).submit(SUBMISSION, {});
  assert.ok(response.type === "ambiguous" && response.error instanceof BadResponse);
  assert.match(response.error.message, /Cannot submit quick: run\.id must be a string, got number \(200, request/);
});

Deno.test("a submit to a closed port is not sent", async () => {
  const response = await (await clientOf(`http://127.0.0.1:${CLOSED_PORT}`)).submit(SUBMISSION, {});
  assert.ok(response.type === "not-sent");
  assert.deepEqual([response.error.kind, response.error.submitted], ["unreachable", "no"]);
});

// 307 and 308 ask to repeat the request elsewhere. The others may point to the result.
const REDIRECTS = [[301, "ambiguous"], [302, "ambiguous"], [303, "ambiguous"], [307, "rejected"], [308, "rejected"]];
for (const [status, type] of REDIRECTS) {
  Deno.test(`a redirect with ${status} is ${type}, and neither submit nor credential is sent to its target`, async () => {
    await using other = httpServer(() => Response.json({}));
    for (const location of ["/elsewhere", `${other.url}/api/workflow-runs`]) {
      await using server = httpServer(() => new Response(null, { status: Number(status), headers: { location } }));
      const response = await (await clientOf(server.url)).submit(SUBMISSION, {});
      assert.equal(response.type, type);
      assert.ok("error" in response);
      assert.match(
        response.error.message,
        /^Cannot submit quick: the server redirects to http:\/\/127\.0\.0\.1:\d+[, ]/,
      );
      assert.equal(response.error.submitted, type === "rejected" ? "no" : "unknown");
      assert.deepEqual(server.received, ["POST /api/workflow-runs"]);
    }
    assert.deepEqual(other.received, []);
  });
}

Deno.test("a rejection stays one, however long its body is", async () => {
  await using server = httpServer(() => new Response("x".repeat(3_000_000), { status: 400 }));
  assert.equal((await (await clientOf(server.url)).submit(SUBMISSION, {})).type, "rejected");
});

Deno.test("a submit without a response arrives exactly once, despite kept-alive connections", async () => {
  // Observed: on a connection that a read had left open, the runtime sends a POST again when the server closes it.
  const list =
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\n[]";
  await using server = rawServer((method) => method === "GET" ? list : null);
  const client = await clientOf(server.url);
  for (let submits = 1; submits <= 20; submits++) {
    await client.listWorkflows({});
    const response = await client.submit(SUBMISSION, {});
    assert.equal(response.type, "ambiguous");
    assert.equal(server.requests("POST"), submits);
  }
});

Deno.test("a submit never uses a connection that was used before", async () => {
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

Deno.test("an abort throws the signal's own reason", async () => {
  const reason = new Error("aborted");
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
  ["points at a member whose name starts with slug", {
    type: "about:blank",
    errors: [{ type: "x", code: "x", pointer: "#/slugs" }],
  }, false],
  [
    "points at an input called slug",
    { type: "x", errors: [{ type: "x", code: "x", pointer: "#/inputs/slug" }] },
    false,
  ],
  [
    "mentions the slug only in its message",
    { error: true, message: "slug already in use", errors: ["slug is invalid"] },
    false,
  ],
];

for (const [what, body, isSlugRefused] of SLUG_REFUSALS) {
  Deno.test(`a 422 that ${what} ${isSlugRefused ? "refuses" : "does not refuse"} the slug`, async () => {
    await using server = httpServer(() => Response.json(body, { status: 422 }));
    const response = await (await clientOf(server.url)).submit(SUBMISSION, {});
    assert.ok(response.type === "rejected" && response.error instanceof Rejected);
    assert.equal(response.isSlugRefused, isSlugRefused);
  });
}

Deno.test("a server that refuses slugs is recognized", async () => {
  const { response } = await submitTo([], { behavior: { slugs: "refused" } });
  assert.ok(response.type === "rejected");
  assert.equal(response.isSlugRefused, true);
});

Deno.test("a submit sends exactly the consent that the user was shown", async () => {
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

/** Response to the detection of the API version, and the type of the submit's response. */
const UNDETECTED: readonly (readonly [string, Response, SubmitResponse["type"]])[] = [
  ["503", new Response(null, { status: 503, headers: { "retry-after": "90" } }), "not-sent"],
  ["a web page", new Response("<html>", { headers: { "content-type": "text/html" } }), "not-sent"],
  ["401", new Response(null, { status: 401 }), "rejected"],
  ["403", new Response(null, { status: 403 }), "rejected"],
];

for (const [what, detection, type] of UNDETECTED) {
  Deno.test(`a submit is ${type}, and not sent, if detecting the API version gets ${what}`, async () => {
    await using server = httpServer(() => detection.clone());
    const response = await (await clientOf(server.url, { apiVersion: undefined })).submit(SUBMISSION, {});
    assert.equal(response.type, type);
    assert.ok(response.type !== "accepted" && response.error.submitted === "no");
    if (what === "503") assert.ok(response.type === "not-sent" && response.retryAfterMs === 90_000);
    if (what === "401") assert.ok(response.error instanceof CredentialError);
    assert.ok(server.received.every((request) => request.startsWith("GET ")));
  });
}
