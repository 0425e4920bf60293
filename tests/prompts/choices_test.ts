import assert from "node:assert/strict";
import { clusterChoices, inputMethods, matchesSearch, runChoices, workflowChoices } from "../../lib/prompts/choices.ts";
import type { Cluster } from "../../lib/cluster.ts";
import { aRun } from "../support/records.ts";
import type { Workflow } from "../../lib/workflow.ts";

const workflow = (name: string, isFavorite = false): Workflow => ({
  id: name,
  name,
  displayName: null,
  description: null,
  type: "local",
  tags: [],
  isFavorite,
  owner: null,
  yaml: null,
  presets: [],
});

Deno.test("workflowChoices() puts favorites first and numbers all choices", () => {
  const labels = workflowChoices([workflow("b"), workflow("c", true), workflow("a")]).map(({ label }) => label);
  assert.deepEqual(labels, ["1. c ★", "2. a", "3. b"]);
});

for (
  const [search, label, expected] of [
    ["1", "1. hello", true],
    ["1", "10. hello", false],
    ["10", "10. hello", true],
    ["HEL", "10. hello", true],
    ["", "10. hello", true],
    ["2", "solver 2d", true],
    ["xyz", "10. hello", false],
  ] as const
) {
  Deno.test(`matchesSearch("${search}", "${label}") is ${expected}`, () =>
    assert.equal(matchesSearch(search, label), expected));
}

Deno.test("inputMethods() offers presets and the last run if there are any", () => {
  const preset = { name: "small", isBuiltin: false, inputs: {} };
  assert.deepEqual(inputMethods([], { hasLastRun: false }).map(({ label }) => label), [
    "1. Load from JSON file",
    "2. Enter manually",
  ]);
  assert.deepEqual(inputMethods([preset], { hasLastRun: true }).slice(2).map(({ label }) => label), [
    "3. Start from preset small",
    "4. Start from the inputs of the last run",
  ]);
});

Deno.test("clusterChoices() puts active clusters first and shows statuses", () => {
  const cluster = (name: string, status: string): Cluster => ({
    id: name,
    name,
    displayName: null,
    user: null,
    type: null,
    status,
    ipAddress: "",
    schedulerType: null,
    csp: null,
  });
  const choices = clusterChoices([cluster("a", "off"), cluster("b", "active")], {
    allowsWorkspace: true,
    isOptional: true,
  });
  assert.deepEqual(choices.map(({ label, hint }) => `${label} ${hint ?? ""}`.trim()), [
    "b active",
    "a off",
    "workspace your own",
    "Other (enter a name)",
    "None",
  ]);
});

Deno.test("runChoices() names runs by number, or by slug where they have none, with their age", () => {
  const nowMs = Date.parse("2026-01-05T09:01:30Z");
  const choices = runChoices(
    [aRun(), aRun({ number: null, slug: "quick-1", status: "completed", createdAt: null })],
    nowMs,
  );
  assert.deepEqual(choices, [
    {
      value: { type: "slug", slug: "hello-world-abcdefghijklmnop" },
      label: "1. hello-world#47  running",
      hint: "started 1m 30s ago",
    },
    { value: { type: "slug", slug: "quick-1" }, label: "2. quick-1  completed" },
  ]);
});
