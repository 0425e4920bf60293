/** A server repeats secrets in every field of its answers: the service writes none of them anywhere. */

import assert from "node:assert/strict";
import { createClient } from "../../lib/platform/create_client.ts";
import { findCredential } from "../../lib/platform/credentials/credentials.ts";
import { tick } from "../../lib/scheduler/tick.ts";
import { createHandler } from "../../lib/server/app.ts";
import { createRunStore } from "../../lib/store/run_store.ts";
import { openKv } from "../../lib/store/open_kv.ts";
import { textsIn } from "../support/files.ts";
import { emptyFolder } from "../support/main_job.ts";
import { PLANTED, PLANTED_FIELDS, plantedIn, plantingFetch } from "../support/planting.ts";
import { testRandom } from "../support/seeded_random.ts";
import { aServiceStage } from "../support/service.ts";

const INPUTS = { password: PLANTED[0], api_token: PLANTED[1] };
const YAML = `on:
  execute:
    inputs:
      password: { type: password }
      api_token: { type: string }
jobs:
  main:
    steps:
      - name: work
        run: work
`;
const KEYS = { full: "full-key-0123456789", read: "read-key-0123456789" };
const MINUTE_MS = 60_000;

const FAULTS = {
  "end": [],
  "lose a response": [{ on: "submit", cut: "after-effect" }],
  "are refused": [{ on: "submit", status: 422, times: Infinity }],
  "can't be read": [{ on: "get-run", status: 500, times: Infinity }, { on: "list-runs", status: 500, times: Infinity }],
} as const;

for (const [when, faults] of Object.entries(FAULTS)) {
  for (const field of PLANTED_FIELDS) {
    if (when !== "end" && field !== "texts") continue;
    Deno.test(`when runs of the service ${when}, and a server repeats secrets in ${field}, nothing written shows them`, async () => {
      await using folder = await emptyFolder();
      const written = new Map<string, string>();
      const bodies: string[] = [];
      await using hook = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
        bodies.push(await request.text());
        return new Response(null, { status: 204 });
      });
      const notify = [{
        url: `http://127.0.0.1:${hook.addr.port}/`,
        on: ["submitted", "completed", "failed", "cancelled", "unknown", "skipped", "deadline"] as const,
      }];
      const cron = "* * * * *";
      await using stage = await aServiceStage(
        [
          { name: "good", workflow: "vault", cron, inputs: INPUTS, notify },
          { name: "bad", workflow: "vault-failing", cron, inputs: INPUTS, notify },
          { name: "slow", workflow: "vault-slow", cron, inputs: INPUTS, notify, overlap: "cancel-previous" },
        ],
        {
          workflows: {
            vault: { yaml: YAML, scenario: { "main/work": { lasts: "1s" } } },
            "vault-failing": { yaml: YAML, scenario: { "main/work": { fails: true } } },
            "vault-slow": { yaml: YAML, scenario: { "main/work": { lasts: "28h" } } },
          },
          faults,
        },
      );
      const logs: string[] = [];
      const log = (_level: string, text: string) => void logs.push(text);
      const { clock } = stage;
      const random = testRandom();
      const credential = await findCredential({
        env: (name) => name === "PW_API_KEY" ? stage.simulator.key : undefined,
        readTextFile: () => Promise.reject(new Deno.errors.NotFound()),
      }, {});
      const client = createClient({ credential, fetch: plantingFetch(field), clock, random, log });
      await using kv = openKv(`${folder.path}/service.db`, { clock, random, onSetAside: assert.fail });
      const deps = { client: client, store: createRunStore(kv), clock, random, log };
      const service = await stage.isolate({ kv, deps });
      const handle = createHandler({ open: () => Promise.resolve(service), keys: KEYS, log });
      const request = async (path: string, key: string, init: RequestInit = {}) => {
        const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
        const response = await handle(new Request(`http://service${path}`, { headers, ...init }));
        const text = await response.text();
        written.set(`${init.method ?? "GET"} ${path}`, text + JSON.stringify([...response.headers]));
        return { status: response.status, text };
      };

      const ids: string[] = [];
      for (const workflow of ["vault", "vault-failing", "vault-slow"]) {
        const body = JSON.stringify({ workflow, inputs: INPUTS });
        const { text } = await request("/runs", KEYS.full, { method: "POST", body });
        const { id } = JSON.parse(text);
        if (id !== undefined) ids.push(id);
      }
      await request("/schedules/good/run", KEYS.full, { method: "POST" });
      for (let minute = 0; minute < 12; minute++) {
        await tick(service).catch((error) => logs.push(String(error)));
        clock.advance(MINUTE_MS);
      }
      const { text } = await request("/runs", KEYS.read);
      const listed: readonly { readonly id: string }[] = JSON.parse(text).runs;
      assert.ok(listed.length > 10, text);
      for (const { id } of [...listed, ...ids.map((id) => ({ id }))]) {
        await request(`/runs/${encodeURIComponent(id)}`, KEYS.read);
        await request(`/runs/${encodeURIComponent(id)}/cancel`, KEYS.full, { method: "POST" });
      }
      for (const path of ["/", "/schedules", "/healthz"]) await request(path, KEYS.read);
      assert.ok(bodies.length > 0);
      written.set("the log", logs.join("\n"));
      written.set("what the webhook received", bodies.join("\n"));
      for (const [name, text] of await textsIn(folder.path)) written.set(name, text);
      for (const [name, text] of written) {
        assert.deepEqual(plantedIn(text), [], `${name}:\n${text.slice(0, 6_000)}`);
      }
    });
  }
}
