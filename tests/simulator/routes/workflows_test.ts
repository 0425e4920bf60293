import { isObject } from "../../../lib/json.ts";
import assert from "node:assert/strict";
import { parse } from "../../../lib/deps/yaml.ts";
import { startSimulator } from "../../../lib/simulator/start.ts";
import { SHIPPED_WORKFLOWS } from "../../../lib/simulator/workflows/shipped.ts";
import { request } from "../request.ts";

function namesIn(list: unknown): unknown[] {
  return Array.isArray(list) ? list.map((item) => isObject(item) ? item["name"] : item) : [];
}

Deno.test("the list contains all workflows, or only favorites", async () => {
  await using sim = await startSimulator();
  const all = await request(sim, "GET", "/api/workflows");
  assert.deepEqual(namesIn(all.at("")), SHIPPED_WORKFLOWS.map(({ name }) => name));
  const favorites = await request(sim, "GET", "/api/workflows?favoriteOnly=true");
  assert.deepEqual(namesIn(favorites.at("")), ["hello-world", "data-processor"]);
});

for (const { name, yaml } of SHIPPED_WORKFLOWS) {
  Deno.test(`the file of ${name} is the same as YAML, as JSON and in the workflow`, async () => {
    await using sim = await startSimulator();
    const text = await request(sim, "GET", `/api/workflows/${name}/yaml`);
    assert.equal(text.text, yaml);
    const json = await request(sim, "GET", `/api/workflows/${name}/json`);
    assert.deepEqual(json.at(""), parse(yaml));
    assert.deepEqual((await request(sim, "GET", `/api/workflows/${name}`)).at("yaml"), parse(yaml));
  });
}

for (const path of ["", "/yaml", "/json", "/markdown"]) {
  Deno.test(`GET /api/workflows/nothing${path} gets 404 workflow_not_found`, async () => {
    await using sim = await startSimulator();
    const response = await request(sim, "GET", `/api/workflows/nothing${path}`);
    assert.equal(response.status, 404);
    assert.equal(response.at("code"), "workflow_not_found");
  });
}

Deno.test("presets can be added, changed and deleted, and each response lists all of them", async () => {
  await using sim = await startSimulator();
  const base = "/api/workflows/data-processor/saved-inputs";
  const names = (response: { at(path: string): unknown }) => namesIn(response.at("savedInputs"));
  const added = await request(sim, "POST", base, { body: { name: "mine", inputs: { rows: 1 } } });
  assert.deepEqual(names(added), ["small", "nightly", "mine"]);
  assert.equal(added.at("savedInputs.0.builtin"), true);
  const again = await request(sim, "POST", base, { body: { name: "mine", inputs: {} } });
  assert.equal(again.status, 409);
  const changed = await request(sim, "PATCH", `${base}/mine`, { body: { name: "ours", inputs: { rows: 2 } } });
  assert.deepEqual(changed.at("savedInputs.2.inputs"), { rows: 2 });
  const deleted = await request(sim, "DELETE", `${base}/ours`);
  assert.deepEqual(names(deleted), ["small", "nightly"]);
  const item = await request(sim, "GET", "/api/workflows/data-processor");
  assert.deepEqual(namesIn(item.at("configurations")), ["small", "nightly"]);
});

Deno.test("presets of the workflow file cannot be deleted", async () => {
  await using sim = await startSimulator();
  assert.equal((await request(sim, "DELETE", "/api/workflows/data-processor/saved-inputs/small")).status, 403);
  assert.equal((await request(sim, "DELETE", "/api/workflows/data-processor/saved-inputs/none")).status, 404);
});

Deno.test("presets belong to one user", async () => {
  await using sim = await startSimulator();
  const base = "/api/workflows/quick/saved-inputs";
  await request(sim, "POST", base, { user: "alice", body: { name: "hers", inputs: {} } });
  assert.equal((await request(sim, "GET", "/api/workflows/quick", { user: "bob" })).at("configurations"), null);
});
