/** The options of `simulate` change the platform that it serves. */

import assert from "node:assert/strict";
import type { StopSignal } from "../../../lib/cli/context.ts";
import { runCommandLine } from "../../../lib/cli/program.ts";
import { systemClock } from "../../../lib/clock.ts";
import { aContext } from "../../support/cli_context.ts";

const RUNS = "/api/workflow-runs";
const LEGACY_RUNS = "/api/workflows/hello-world/runs";
const SUBMIT = { method: "POST", body: JSON.stringify({ workflow: "quick", inputs: {}, slug: "quick-chosen" }) };

Deno.test("simulate serves the current API by default", async () => {
  await using served = await simulate();
  assert.deepEqual(await served.statuses(RUNS, LEGACY_RUNS), [200, 404]);
});

Deno.test("simulate --api-version selects the routes", async () => {
  await using legacy = await simulate("--api-version", "legacy");
  assert.deepEqual(await legacy.statuses(RUNS, LEGACY_RUNS), [404, 405]);
  await using both = await simulate("--api-version", "both");
  assert.deepEqual(await both.statuses(RUNS, LEGACY_RUNS), [200, 405]);
});

Deno.test("simulate --port selects the port", async () => {
  const port = freePort();
  await using served = await simulate("--port", String(port));
  assert.equal(new URL(served.url).port, String(port));
});

Deno.test("simulate --behavior sets server behavior options", async () => {
  await using served = await simulate("--behavior", "maxLimit=2", "--behavior", "errorBody=envelope");
  const list = await (await served.request(`${RUNS}?limit=5`)).text();
  assert.equal([...list.matchAll(/"slug":/g)].length, 2, list);
  assert.match(await (await served.request(`${RUNS}/no-such-run`)).text(), /^\{"error"/);
});

Deno.test("simulate --fault injects a fault once", async () => {
  await using served = await simulate("--fault", '{"on":"list-runs","status":502}');
  assert.deepEqual(await served.statuses(RUNS, RUNS), [502, 200]);
});

Deno.test("simulate --slugs selects how requested slugs are handled", async () => {
  await using unique = await simulate();
  assert.equal(await statusOf(unique.request(RUNS, SUBMIT)), 200);
  await using refused = await simulate("--slugs", "refused");
  assert.equal(await statusOf(refused.request(RUNS, SUBMIT)), 422);
});

async function statusOf(response: Promise<Response>): Promise<number> {
  const { status, body } = await response;
  await body?.cancel();
  return status;
}

interface Served extends AsyncDisposable {
  readonly url: string;
  request(path: string, init?: RequestInit): Promise<Response>;
  /** The statuses of GET of these paths, one after the other. */
  statuses(...paths: readonly string[]): Promise<number[]>;
}

/** Runs the command in this process until disposed. */
async function simulate(...args: readonly string[]): Promise<Served> {
  const started = Promise.withResolvers<string>();
  let stop: (signal: StopSignal) => void = () => {};
  let key = "";
  const ended = runCommandLine(aContext({
    args: ["simulate", ...args],
    clock: systemClock,
    stdout: { isTerminal: false, columns: () => 80, write: (text) => void (key += text) },
    stderr: {
      isTerminal: false,
      columns: () => 80,
      write: (text) => started.resolve(/http:\S+/.exec(text)?.[0] ?? text),
    },
    onSignal(callback) {
      stop = callback;
      return { [Symbol.dispose]: () => {} };
    },
  }));
  const url = await started.promise;
  const authorization = `Basic ${btoa(`${key.replace("export PW_API_KEY=", "").trim()}:`)}`;
  const request = (path: string, init: RequestInit = {}) =>
    fetch(url + path, { ...init, headers: { authorization, "content-type": "application/json" } });
  return {
    url,
    request,
    async statuses(...paths) {
      const statuses: number[] = [];
      for (const path of paths) {
        const response = await request(path);
        await response.body?.cancel();
        statuses.push(response.status);
      }
      return statuses;
    },
    async [Symbol.asyncDispose]() {
      stop("SIGINT");
      assert.equal(await ended, 0);
    },
  };
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
