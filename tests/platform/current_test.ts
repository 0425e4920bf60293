import assert from "node:assert/strict";
import type { Client } from "../../lib/platform/client.ts";
import { NotFound, Rejected } from "../../lib/errors.ts";
import type { Run } from "../../lib/run.ts";
import type { ServerBehavior, Simulator } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { allText } from "../support/all_text.ts";
import { depsFor } from "../support/deps.ts";
import { type VirtualClock, virtualClock } from "../support/virtual_clock.ts";
import { clientOf, httpServer } from "./support/servers.ts";

const ENDED = { type: "slug", slug: "hello-world-00046" } as const;
const SUBMISSION = { workflow: "quick", inputs: {}, slug: "mine-1", displayName: null, consent: null };

async function onServer(
  behavior: Partial<ServerBehavior>,
  use: (client: Client, simulator: Simulator, clock: VirtualClock) => Promise<void>,
): Promise<void> {
  const clock = virtualClock();
  await using simulator = await startSimulator({ clock, behavior });
  const { client } = await depsFor(simulator, { clock });
  await use(client, simulator, clock);
}

Deno.test("a run is tracked from its submit to its end", async () => {
  await onServer({}, async (client, _, clock) => {
    await client.submit(SUBMISSION, {});
    const runId = { type: "slug", slug: "mine-1" } as const;
    assert.equal((await client.getRun(runId, {})).status, "running");
    await clock.sleep(60_000, {});
    const run = await client.getRun(runId, {});
    assert.deepEqual([run.status, run.isFinal, run.jobs.map(({ name }) => name)], ["completed", true, ["main"]]);
    assert.match(await allText(await client.readRunFile(runId, "logs/main/step_0/logs.out", {})) ?? "", /blink/);
  });
});

Deno.test("a cancelled run reports the status cancelled", async () => {
  await onServer({}, async (client, _, clock) => {
    await client.submit({ ...SUBMISSION, workflow: "never-ending" }, {});
    const runId = { type: "slug", slug: "mine-1" } as const;
    await client.cancelRun(runId, {});
    await clock.sleep(600_000, {});
    assert.equal((await client.getRun(runId, {})).status, "cancelled");
  });
});

Deno.test("listRuns() sends every filter, and one parameter for each status", async () => {
  await onServer({}, async (client, simulator) => {
    await client.listRuns({ workflow: "quick", statuses: ["running", "canceled"], search: "a b", limit: 7, offset: 3 });
    assert.equal(
      simulator.received("list-runs").at(-1)?.path,
      "/api/workflow-runs?workflow=quick&status=running&status=canceled&search=a+b&limit=7&offset=3",
    );
  });
});

Deno.test("listRuns() returns pages", async () => {
  await onServer({}, async (client) => {
    const all = await client.listRuns({ limit: 100 });
    const [first, second] = [await client.listRuns({ limit: 2 }), await client.listRuns({ limit: 2, offset: 2 })];
    assert.ok(all.total > 4);
    assert.equal(first.total, all.total);
    assert.deepEqual([...first.runs, ...second.runs].map(({ id }) => id), all.runs.slice(0, 4).map(({ id }) => id));
  });
});

for (const maxLimit of [100, 3]) {
  Deno.test(`a run is found by its number, ${maxLimit} to a page`, async () => {
    await onServer({ maxLimit, listOrder: "oldest" }, async (client) => {
      const run = await client.getRun({ type: "number", workflow: "hello-world", number: 46 }, {});
      assert.equal(run.slug, ENDED.slug);
      await assert.rejects(
        client.getRun({ type: "number", workflow: "hello-world", number: 99_999 }, {}),
        /^NotFound: Cannot read run hello-world#99999: no such run/,
      );
    });
  });
}

Deno.test("no run is cancelled by a number that runs of two workflows have", async () => {
  const clock = virtualClock();
  await using simulator = await startSimulator({ clock });
  const doubled: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    if (!new URL(String(input)).pathname.endsWith("-runs")) return response;
    const { runs, total } = await response.json();
    const others = runs.map((run: Run) => ({ ...run, slug: `other-${run.number}`, workflowName: "other" }));
    return Response.json({ runs: [...others, ...runs], total: 2 * total });
  };
  const { client } = await depsFor(simulator, { clock, fetch: doubled });
  await assert.rejects(client.cancelRun({ type: "number", workflow: "hello-world", number: 46 }, {}), {
    message: /^Cannot cancel run hello-world#46: it matches other-46 \(other\), hello-world-00046 \(hello-world\)$/,
  });
  assert.equal(simulator.received("cancel-run").length, 0);
});

const MISSING: Readonly<Record<string, (client: Client) => Promise<unknown>>> = {
  "Cannot read run nope: no such run": (client) => client.getRun({ type: "slug", slug: "nope" }, {}),
  "Cannot cancel run nope: no such run": (client) => client.cancelRun({ type: "slug", slug: "nope" }, {}),
};

for (const [message, call] of Object.entries(MISSING)) {
  Deno.test(`a missing run is reported as "${message}"`, async () => {
    await onServer({}, async (client) => {
      await assert.rejects(call(client), (error) => {
        assert.ok(error instanceof NotFound);
        assert.ok(error.message.startsWith(`${message} (404, request `), error.message);
        return true;
      });
    });
  });
}

Deno.test("a deleted run is gone", async () => {
  await onServer({}, async (client, simulator) => {
    simulator.deleteExternally(ENDED.slug);
    await assert.rejects(client.getRun(ENDED, {}), NotFound);
  });
});

Deno.test("a file that does not exist yet is null", async () => {
  await onServer(
    {},
    async (client) => assert.equal(await client.readRunFile(ENDED, "logs/no/step_0/logs.out", {}), null),
  );
});

Deno.test("a file's path is sent as one query parameter", async () => {
  await onServer({}, async (client, simulator) => {
    await allText(await client.readRunFile(ENDED, "a b&c=d/#e", {}));
    const path = simulator.received("read-file")[0]?.path ?? "";
    assert.equal(new URL(path, "http://h.example").searchParams.get("file"), "a b&c=d/#e");
  });
});

for (
  const [format, response, want] of [
    ["a JSON string", Response.json("line\n"), "line\n"],
    ["the file itself", new Response('{"a":1}', { headers: { "content-type": "text/plain" } }), '{"a":1}'],
  ] as const
) {
  Deno.test(`a file that is sent as ${format} is read`, async () => {
    await using server = httpServer(() => response.clone());
    assert.equal(await allText(await (await clientOf(server.url)).readRunFile(ENDED, "f", {})), want);
  });
}

for (const text of ['"cut', "{}", ""]) {
  Deno.test(`a file with a JSON content type and the body ${JSON.stringify(text)} is refused`, async () => {
    await using server = httpServer(() => new Response(text, { headers: { "content-type": "application/json" } }));
    await assert.rejects(
      allText(await (await clientOf(server.url)).readRunFile(ENDED, "f", {})),
      /Cannot read f of run .*must be a JSON string/,
    );
  });
}

for (const name of ["dryRun", "cancelRun", "deleteRun"] as const) {
  Deno.test(`${name}() takes the page of a proxy for no answer of the platform`, async () => {
    await using server = httpServer(() => new Response("<!DOCTYPE html>\n<title>Request rejected</title>"));
    const client = await clientOf(server.url);
    const call = name === "dryRun" ? client.dryRun(SUBMISSION, {}) : client[name](ENDED, {});
    await assert.rejects(call, {
      kind: "bad_response",
      message: /^Cannot .*: the response is a web page \(200, request/,
    });
  });
}

for (const dryRun of ["run", "run-without-status", "no-slug"] as const) {
  Deno.test(`a dry run starts nothing, sends no slug, and accepts the response "${dryRun}"`, async () => {
    await onServer({ dryRun }, async (client, simulator) => {
      const before = simulator.runs().length;
      await client.dryRun(SUBMISSION, {});
      assert.equal(simulator.runs().length, before);
      assert.deepEqual(simulator.received("submit")[0]?.body, { workflow: "quick", inputs: {}, dryRun: true });
    });
  });
}

for (const errorBody of ["envelope", "problem"] as const) {
  Deno.test(`a dry run throws the server's problems, sent as ${errorBody}`, async () => {
    await onServer({ errorBody }, async (client) => {
      await assert.rejects(client.dryRun({ ...SUBMISSION, workflow: "required-inputs" }, {}), (error) => {
        assert.ok(error instanceof Rejected);
        assert.match(error.message, /^Cannot check required-inputs: Missing required fields/);
        return true;
      });
    });
  });
}

Deno.test("the server's problem with a field has its path", async () => {
  const errors = [{ type: "about:blank", code: "type", detail: "must be text", pointer: "#/inputs/rows/0/name" }];
  await using server = httpServer(() =>
    Response.json({ type: "about:blank", detail: "Invalid", errors }, { status: 422 })
  );
  await assert.rejects((await clientOf(server.url)).dryRun(SUBMISSION, {}), (error) => {
    assert.ok(error instanceof Rejected);
    assert.deepEqual(error.problems, [{ origin: "", path: "inputs.rows[0].name", message: "must be text" }]);
    return true;
  });
});
