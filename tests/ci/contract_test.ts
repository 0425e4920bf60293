import assert from "node:assert/strict";
import { structureOf } from "../../.ci/contract/structure.ts";

const CONTRACT = new URL("../contract/activate.json", import.meta.url);
const SOURCE = { repo: "owner/name", path: "openapi.json", commit: "abc", sdkVersion: "1.2.3" };
const TEXTS = ["description", "summary", "title", "example", "examples"];

Deno.test("the contract is its own structure: `deno task contract:update FILE` writes it", async () => {
  const text = await Deno.readTextFile(CONTRACT);
  assert.equal(text, structureOf(JSON.parse(text)));
});

Deno.test("the contract holds no description", async () => {
  assert.deepEqual(textsIn(JSON.parse(await Deno.readTextFile(CONTRACT))), []);
});

Deno.test("a description, an example and a list of examples are found wherever they are", () => {
  const schema = { title: "One", properties: { description: { type: "string", description: "Two" } } };
  const planted = { paths: { "/a": { get: { summary: "Three", schema, example: { id: 1 } } } }, examples: [1] };
  assert.deepEqual(textsIn(planted), [
    "/paths//a/get/summary",
    "/paths//a/get/schema/title",
    "/paths//a/get/schema/properties/description/description",
    "/paths//a/get/example",
    "/examples",
  ]);
});

Deno.test("the structure of a document keeps types, limits and enums, and drops texts, tags and extensions", () => {
  const schema = {
    type: "object",
    title: "Run",
    description: "A run",
    required: ["description"],
    additionalProperties: false,
    properties: {
      description: { type: "string", maxLength: 5, description: "What it is for", examples: ["a"] },
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
  const wanted = {
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
    paths: operation(wanted),
    components: { schemas: { title: wanted } },
  });
});

for (
  const [what, document, message] of [
    ["without paths", { "x-source": SOURCE, paths: {} }, /^it has no paths$/],
    ["that does not say where it is from", { paths: { "/a": {} } }, /^its x-source has no repo$/],
    ["from an unknown commit", { "x-source": { ...SOURCE, commit: 7 }, paths: { "/a": {} } }, /has no commit$/],
    ["that is a list", [], /^it has no paths$/],
  ] as const
) {
  Deno.test(`a document ${what} is refused`, () => assert.throws(() => structureOf(document), { message }));
}

function content(schema: unknown) {
  return { content: { "application/json": { schema } } };
}

/** Paths of texts for readers; a property of that name has an object as its value. */
function textsIn(value: unknown, path = ""): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const isSchema = typeof member === "object" && !Array.isArray(member) && !name.startsWith("example");
    return TEXTS.includes(name) && !isSchema ? [`${path}/${name}`] : textsIn(member, `${path}/${name}`);
  });
}
