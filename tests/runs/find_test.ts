import assert from "node:assert/strict";
import { execute, toEnd } from "../../lib/runs/execute.ts";
import { DEFAULT_EXECUTE } from "../../lib/runs/options.ts";
import { findRun } from "../../lib/runs/find.ts";
import type { SimulatorOptions } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { depsFor } from "../support/deps.ts";
import { aRequest } from "../support/records.ts";
import { virtualClock } from "../support/virtual_clock.ts";

const { signal } = new AbortController();
const number = (workflow: string, number: number) => ({ type: "number", workflow, number }) as const;
const word = (word: string) => ({ type: "word", word }) as const;

Deno.test("findRun() takes a slug", async () => {
  await using stage = await aStage();
  assert.deepEqual(await findRun(stage.deps, word("hello-world-00046"), { signal }), {
    type: "slug",
    slug: "hello-world-00046",
  });
});

Deno.test("findRun() finds a number within a workflow, also when it is many pages back", async () => {
  await using stage = await aStage({ behavior: { maxLimit: 10 } });
  assert.deepEqual(await findRun(stage.deps, number("hello-world", 3), { signal }), {
    type: "slug",
    slug: "hello-world-00003",
  });
});

Deno.test("findRun() says that a workflow's name is no run", async () => {
  await using stage = await aStage();
  await assert.rejects(findRun(stage.deps, word("hello-world"), { signal }), { kind: "usage", hint: /hello-world#47/ });
});

for (
  const [name, ref, message] of [
    ["an unknown slug", word("no-such-run"), /no-such-run/],
    ["a number that no run has", number("hello-world", 999), /hello-world#999: there is no such run/],
    ["a workflow that is not there", number("no-such", 1), /there is no workflow no-such/],
    ["last, where nothing is remembered", { type: "last" }, /remembers none/],
  ] as const
) {
  Deno.test(`findRun() does not find ${name}`, async () => {
    await using stage = await aStage();
    await assert.rejects(findRun(stage.deps, ref, { signal }), { kind: "not_found", message });
  });
}

Deno.test("findRun() knows this process's last run", async () => {
  await using stage = await aStage();
  const result = await toEnd(
    execute(stage.deps, aRequest({ workflow: "quick", inputs: {} }), { ...DEFAULT_EXECUTE, signal }),
    () => {},
  );
  assert.deepEqual(await findRun(stage.deps, { type: "last" }, { signal }), { type: "slug", slug: result.slug });
});

Deno.test("findRun() on an older server takes workflow and number as they are", async () => {
  await using stage = await aStage({ behavior: { routes: "legacy", nestedRead: "run" } });
  assert.deepEqual(await findRun(stage.deps, number("hello-world", 46), { signal }), number("hello-world", 46));
});

async function aStage(options: SimulatorOptions = {}) {
  const clock = virtualClock();
  const sim = await startSimulator({ clock, ...options });
  return { deps: await depsFor(sim, { clock }), [Symbol.asyncDispose]: () => sim[Symbol.asyncDispose]() };
}
