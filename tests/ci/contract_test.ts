import assert from "node:assert/strict";
import { structureOf } from "../../.ci/contract/structure.ts";

const CONTRACT = new URL("../contract/activate.json", import.meta.url);
const SOURCE = { repo: "owner/name", path: "openapi.json", commit: "abc", sdkVersion: "1.2.3" };
const TEXTS = ["description", "summary", "title", "example", "examples"];

Deno.test("the contract is unchanged by structureOf(), which `deno task contract:update FILE` writes", async () => {
  const text = await Deno.readTextFile(CONTRACT);
  assert.equal(text, structureOf(JSON.parse(text)));
});

Deno.test("the contract contains no descriptions", async () => {
  assert.deepEqual(textsIn(JSON.parse(await Deno.readTextFile(CONTRACT))), []);
});

Deno.test("textsIn() finds descriptions and examples at any depth", () => {
  const schema = { title: "One", properties: { description: { type: "string", description: "Two" } } };
  const document = { paths: { "/a": { get: { summary: "Three", schema, example: { id: 1 } } } }, examples: [1] };
  assert.deepEqual(textsIn(document), [
    "/paths//a/get/summary",
    "/paths//a/get/schema/title",
    "/paths//a/get/schema/properties/description/description",
    "/paths//a/get/example",
    "/examples",
  ]);
});

Deno.test("structureOf() keeps types, limits and enums, and drops descriptions, tags and extensions", () => {
  const schema = {
    type: "object",
    title: "Run",
    description: "A run",
    required: ["description"],
    additionalProperties: false,
    properties: {
      description: { type: "string", maxLength: 5, description: "Its purpose", examples: ["a"] },
      status: { enum: ["title", "on"], "x-order": 1, default: { description: "kept" } },
    },
  };
  const operation = (body: unknown, more: object = {}) => ({
    "/runs": {
      get: {
        ...more,
        parameters: [{ name: "q", in: "query", ...more }],
        responses: { "200": { ...more, ...content(body) } },
      },
    },
  });
  const document = {
    openapi: "3.1.0",
    info: { title: "API", version: "1", "x-source": { ...SOURCE, extra: 1 } },
    tags: [{ name: "Runs" }],
    paths: operation(schema, { description: "Lists runs", tags: ["Runs"], summary: "List", operationId: "list" }),
    components: { schemas: { title: schema } },
  };
  const { title: _title, description: _description, ...kept } = schema;
  const expected = {
    ...kept,
    properties: {
      description: { type: "string", maxLength: 5 },
      status: { enum: ["title", "on"], default: { description: "kept" } },
    },
  };
  const { "x-source": { what, ...source }, ...structure } = JSON.parse(structureOf(document));
  assert.equal(typeof what, "string");
  assert.deepEqual(source, SOURCE);
  assert.deepEqual(structure, {
    openapi: "3.1.0",
    paths: operation(expected),
    components: { schemas: { title: expected } },
  });
});

for (
  const [what, document, message] of [
    ["without paths", { "x-source": SOURCE, paths: {} }, /^it has no paths$/],
    ["without a source", { paths: { "/a": {} } }, /^its x-source has no repo$/],
    ["without a commit", { "x-source": { ...SOURCE, commit: 7 }, paths: { "/a": {} } }, /has no commit$/],
    ["that is a list", [], /^it has no paths$/],
  ] as const
) {
  Deno.test(`a document ${what} is refused`, () => assert.throws(() => structureOf(document), { message }));
}

function content(schema: unknown) {
  return { content: { "application/json": { schema } } };
}

/** Paths of descriptions and examples. A property with such a name has an object as its value and does not count. */
function textsIn(value: unknown, path = ""): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const isSchema = typeof member === "object" && !Array.isArray(member) && !name.startsWith("example");
    return TEXTS.includes(name) && !isSchema ? [`${path}/${name}`] : textsIn(member, `${path}/${name}`);
  });
}
