import assert from "node:assert/strict";
import { parse } from "../../../lib/deps/yaml.ts";
import { isObject } from "../../../lib/simulator/shape.ts";
import { startSimulator } from "../../../lib/simulator/start.ts";
import { SHIPPED_WORKFLOWS } from "../../../lib/simulator/workflows/shipped.ts";
import { ask } from "../ask.ts";

function namesIn(list: unknown): unknown[] {
  return Array.isArray(list) ? list.map((item) => isObject(item) ? item["name"] : item) : [];
}

Deno.test("the list holds every workflow, or the favourites alone", async () => {
  await using sim = await startSimulator();
  const all = await ask(sim, "GET", "/api/workflows");
  assert.deepEqual(namesIn(all.at("")), SHIPPED_WORKFLOWS.map(({ name }) => name));
  const favorites = await ask(sim, "GET", "/api/workflows?favoriteOnly=true");
  assert.deepEqual(namesIn(favorites.at("")), ["hello-world", "data-processor"]);
});

for (const { name, yaml } of SHIPPED_WORKFLOWS) {
  Deno.test(`the file of ${name} is the same as text, as JSON and in its item`, async () => {
    await using sim = await startSimulator();
    const text = await ask(sim, "GET", `/api/workflows/${name}/yaml`);
    assert.equal(text.text, yaml);
    const json = await ask(sim, "GET", `/api/workflows/${name}/json`);
    assert.deepEqual(json.at(""), parse(yaml));
    assert.deepEqual((await ask(sim, "GET", `/api/workflows/${name}`)).at("yaml"), parse(yaml));
  });
}

for (const path of ["", "/yaml", "/json", "/markdown"]) {
  Deno.test(`GET /api/workflows/nothing${path} answers 404 workflow_not_found`, async () => {
    await using sim = await startSimulator();
    const answer = await ask(sim, "GET", `/api/workflows/nothing${path}`);
    assert.equal(answer.status, 404);
    assert.equal(answer.at("code"), "workflow_not_found");
  });
}

Deno.test("saved inputs are added, changed and dropped, each answer being the whole list", async () => {
  await using sim = await startSimulator();
  const base = "/api/workflows/data-processor/saved-inputs";
  const names = (answer: { at(path: string): unknown }) => namesIn(answer.at("savedInputs"));
  const added = await ask(sim, "POST", base, { body: { name: "mine", inputs: { rows: 1 } } });
  assert.deepEqual(names(added), ["small", "nightly", "mine"]);
  assert.equal(added.at("savedInputs.0.builtin"), true);
  const again = await ask(sim, "POST", base, { body: { name: "mine", inputs: {} } });
  assert.equal(again.status, 409);
  const changed = await ask(sim, "PATCH", `${base}/mine`, { body: { name: "ours", inputs: { rows: 2 } } });
  assert.deepEqual(changed.at("savedInputs.2.inputs"), { rows: 2 });
  const dropped = await ask(sim, "DELETE", `${base}/ours`);
  assert.deepEqual(names(dropped), ["small", "nightly"]);
  const item = await ask(sim, "GET", "/api/workflows/data-processor");
  assert.deepEqual(namesIn(item.at("configurations")), ["small", "nightly"]);
});

Deno.test("saved inputs that come with the file can't be dropped", async () => {
  await using sim = await startSimulator();
  assert.equal((await ask(sim, "DELETE", "/api/workflows/data-processor/saved-inputs/small")).status, 403);
  assert.equal((await ask(sim, "DELETE", "/api/workflows/data-processor/saved-inputs/none")).status, 404);
});

Deno.test("one user's saved inputs are not another's", async () => {
  await using sim = await startSimulator();
  const base = "/api/workflows/quick/saved-inputs";
  await ask(sim, "POST", base, { user: "alice", body: { name: "hers", inputs: {} } });
  assert.equal((await ask(sim, "GET", "/api/workflows/quick", { user: "bob" })).at("configurations"), null);
});
