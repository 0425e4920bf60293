/** The structure of an OpenAPI document: the types its operations accept and return, without its descriptions. */

type Members = Readonly<Record<string, unknown>>;

/** Members whose keys are names from the API: a property may be named `description`. */
const MAPS = new Set([
  "paths",
  "responses",
  "content",
  "headers",
  "schemas",
  "properties",
  "patternProperties",
  "$defs",
]);

/** Members whose values are data of the API, and are kept as they are. */
const DATA = new Set(["enum", "const", "default", "required"]);

const TEXTS = new Set([
  "description",
  "summary",
  "title",
  "example",
  "examples",
  "externalDocs",
  "tags",
  "operationId",
  "$comment",
]);

const SOURCE_MEMBERS = ["repo", "path", "commit", "sdkVersion"];

/**
 * The structure as JSON text, with a member `x-source` that names the document's source. The structure of a structure is
 * itself.
 *
 * @param document An OpenAPI 3 document, with `x-source` at the top level or in `info`.
 * @throws Error when the document names no source or has no paths.
 */
export function structureOf(document: unknown): string {
  const { openapi, info, paths, components, "x-source": source } = membersOf(document);
  if (Object.keys(membersOf(paths)).length === 0) throw new Error("it has no paths");
  const structure = {
    "x-source": sourceOf(source ?? membersOf(info)["x-source"]),
    openapi,
    ...membersOf(withoutTexts({ paths, components: { schemas: membersOf(components)["schemas"] } })),
  };
  return `${JSON.stringify(structure, null, 2)}\n`;
}

function sourceOf(source: unknown): Members {
  const members = membersOf(source);
  for (const name of SOURCE_MEMBERS) {
    if (typeof members[name] !== "string") throw new Error(`its x-source has no ${name}`);
  }
  return {
    what: "Structure of the platform's OpenAPI document, written by `deno task contract:update`",
    ...Object.fromEntries(SOURCE_MEMBERS.map((name) => [name, members[name]])),
  };
}

function withoutTexts(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutTexts);
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([name]) => !TEXTS.has(name) && !name.startsWith("x-"));
  return Object.fromEntries(kept.map(([name, member]) => [name, structureOfMember(name, member)]));
}

function structureOfMember(name: string, value: unknown): unknown {
  if (DATA.has(name)) return value;
  if (!MAPS.has(name) || !isObject(value)) return withoutTexts(value);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withoutTexts(member)]));
}

function membersOf(value: unknown): Members {
  return isObject(value) ? value : {};
}

function isObject(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
