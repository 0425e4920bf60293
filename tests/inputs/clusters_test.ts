import assert from "node:assert/strict";
import type { Cluster } from "../../lib/cluster.ts";
import { clusterNames, needsClusters, selectClusters } from "../../lib/inputs/clusters.ts";
import { formatPath, type JsonObject } from "../../lib/json.ts";
import { readForm } from "../../lib/inputs/read_form.ts";
import { evaluateConditions } from "../../lib/inputs/field_state.ts";

const CLUSTER = { type: "compute-clusters" };
const FORM = readForm({
  on: {
    execute: {
      inputs: {
        plain: { type: "string", optional: true },
        outer: CLUSTER,
        hidden: { ...CLUSTER, hidden: true },
        conditional: { ...CLUSTER, ignore: "${{ inputs.plain == 'x' }}" },
        group: {
          type: "group",
          items: { inner: { ...CLUSTER, autoselect: true, hidden: "${{ org.REGION == 'x' }}" } },
        },
        off: { type: "group", hidden: true, items: { inner: CLUSTER } },
        rows: { type: "list", optional: true, template: { on: CLUSTER } },
      },
    },
  },
});
const INPUTS = {
  plain: "x",
  outer: "a",
  hidden: "b",
  conditional: "c",
  group: { inner: "d" },
  off: { inner: "e" },
  rows: [{ on: { name: "f" } }, { on: "a" }],
};

const ONLY: Cluster = {
  id: "65f0c0ffee65f0c0ffee0001",
  name: "only",
  displayName: null,
  user: "demo",
  type: "existing",
  status: "active",
  ipAddress: "",
  schedulerType: null,
  csp: null,
};

function form() {
  assert.ok(FORM !== null);
  return FORM;
}

Deno.test("the clusters of a run are those of fields that are sent, also in groups and rows, each once", () => {
  assert.deepEqual(clusterNames(form(), INPUTS, null), ["a", "d", "f"]);
  assert.deepEqual(clusterNames(form(), { ...INPUTS, plain: "y" }, null), ["a", "c", "d", "f"]);
});

Deno.test("a cluster is selected for a field with autoselect in a group, when exactly one fits", () => {
  const selected = (clusters: readonly Cluster[], inputs: JsonObject = { ...INPUTS, group: {} }) =>
    selectClusters(form(), inputs, clusters).map(({ path, value }) => `${formatPath(path)}=${value}`);
  assert.deepEqual(selected([ONLY]), ["group.inner=only"]);
  assert.deepEqual(selected([ONLY], INPUTS), []);
  assert.deepEqual(selected([ONLY, { ...ONLY, name: "other" }]), []);
  assert.equal(needsClusters(form(), { ...INPUTS, group: {} }), true);
  assert.equal(needsClusters(form(), INPUTS), true);
  const object = { id: ONLY.id };
  const given = { ...INPUTS, outer: object, group: { inner: object }, rows: [{ on: object }] };
  assert.equal(needsClusters(form(), given), false);
  assert.equal(needsClusters(form(), { ...given, outer: "workspace" }), false);
});

Deno.test("an optional group that is not given needs no cluster", () => {
  const items = { on: { ...CLUSTER, autoselect: true } };
  const groups = readForm({
    on: { execute: { inputs: { needed: { type: "group", items }, spare: { type: "group", optional: true, items } } } },
  });
  assert.ok(groups !== null);
  const selected = (inputs: JsonObject) => selectClusters(groups, inputs, [ONLY]).map(({ path }) => formatPath(path));
  assert.deepEqual(selected({}), ["needed.on"]);
  assert.deepEqual(selected({ spare: {} }), ["needed.on", "spare.on"]);
});

Deno.test("conditions that cannot be evaluated are found in groups, with what they depend on", () => {
  assert.deepEqual(evaluateConditions({ form: form(), inputs: INPUTS, rows: [], clusters: null }), {
    count: 2,
    unknown: [{ path: "group.inner", condition: "hidden", facts: ["org.REGION"] }],
  });
});

Deno.test("an optional cluster that was declined is not selected", () => {
  const inputs = { on: { ...CLUSTER, optional: true, autoselect: true }, off: { ...CLUSTER, autoselect: true } };
  const form = readForm({ on: { execute: { inputs } } });
  assert.ok(form !== null);
  const declined = { on: null, off: null };
  assert.deepEqual(selectClusters(form, declined, [ONLY]).map(({ path }) => formatPath(path)), ["off"]);
  assert.deepEqual(selectClusters(form, {}, [ONLY]).map(({ path }) => formatPath(path)), ["on", "off"]);
});
