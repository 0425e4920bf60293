import assert from "node:assert/strict";
import type { ServerCapabilities } from "../../lib/capabilities.ts";
import { StorageError } from "../../lib/errors.ts";
import { capabilitiesOf, refusesDuplicates, updateCapabilities } from "../../lib/runs/server_capabilities.ts";
import { memoryRunStore } from "../../lib/store/memory_kv.ts";
import type { RunStore } from "../../lib/store/run_store.ts";

const HOST = "pw.example.com";

for (
  const [facts, want] of [
    [{}, false],
    [{ keepsSlug: true }, false],
    [{ refusesDuplicateSlug: true }, false],
    [{ keepsSlug: false, refusesDuplicateSlug: true }, false],
    [{ keepsSlug: true, refusesDuplicateSlug: false }, false],
    [{ keepsSlug: true, refusesDuplicateSlug: true }, true],
  ] as const satisfies readonly (readonly [ServerCapabilities, boolean])[]
) {
  Deno.test(`refusesDuplicates() is ${want} of a server with ${JSON.stringify(facts)}`, async () => {
    const deps = depsOf(memoryRunStore());
    await updateCapabilities(deps, HOST, facts);
    assert.equal(await refusesDuplicates(deps, HOST), want);
    assert.equal(await refusesDuplicates(deps, "else.example.com"), false);
  });
}

Deno.test("a store that fails costs what was observed of a server, without a warning", async () => {
  const fail = () => Promise.reject(new StorageError("Cannot read the run store: disk full"));
  const deps = depsOf({ ...memoryRunStore(), capabilities: fail, updateCapabilities: fail });
  assert.deepEqual(await capabilitiesOf(deps, HOST), {});
  await updateCapabilities(deps, HOST, { keepsSlug: true });
  assert.equal(await refusesDuplicates(deps, HOST), false);
  assert.deepEqual(deps.levels, ["DEBUG", "DEBUG", "DEBUG"]);
});

function depsOf(store: RunStore) {
  const levels: string[] = [];
  return { store, levels, log: (level: string) => void levels.push(level) };
}
