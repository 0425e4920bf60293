/** Reads a file of inputs: JSON, JSON with comments, or YAML. */

import type { ParseError } from "../deps/jsonc.ts";
import { isObject, type Json, parseJson } from "../json.ts";
import { firstOfLines, type Problem } from "../problem.ts";
import type { ValueDocument } from "./lines.ts";
import type { ObjectLayer } from "./merge.ts";
import { scanJson } from "./scan_json.ts";

export type DocumentFormat = "json" | "yaml";

/** Decides by the file extension, else by the first character. */
export function documentFormatOf(name: string, text: string): DocumentFormat {
  if (/\.ya?ml$/i.test(name)) return "yaml";
  return /\.jsonc?$/i.test(name) || /^\uFEFF?\s*(?:[{[]|\/[/*])/.test(text) ? "json" : "yaml";
}

interface ReadOptions {
  /** The name of the file, or what the text is called without one. */
  readonly origin: string;
  /** By default that of {@link documentFormatOf}. */
  readonly format?: DocumentFormat;
}

/**
 * Parses the text, whose top level must be an object.
 *
 * @returns Its inputs, or all of its problems.
 */
export async function readDocument(
  text: string,
  options: ReadOptions,
): Promise<ObjectLayer | readonly Problem[]> {
  const read = await readValue(text, { ...options, ifEmpty: "write {} for no inputs" });
  if (!("value" in read)) return read;
  const { value, lines } = read;
  const { origin } = options;
  if (isObject(value)) return { origin, path: [], value, lines };
  return [{ origin, path: "", message: `must be an object at the top level: got ${nameOfType(value)}` }];
}

/**
 * Parses the text, whose top level may be any value but null.
 *
 * @param options.ifEmpty What to do about a file without content.
 * @returns The document, or all of its problems.
 */
export async function readValue(
  text: string,
  { origin, format = documentFormatOf(origin, text), ifEmpty }: ReadOptions & { readonly ifEmpty: string },
): Promise<ValueDocument | readonly Problem[]> {
  // Nothing is most likely a mistake: an empty pipe, or a file that was not written.
  const nothing = (what: string) => [{ origin, path: "", message: `${what}: ${ifEmpty}` }];
  if (text.trim() === "") return nothing("is empty");
  try {
    const read = format === "json"
      ? await readJson(text, origin)
      : (await import("./yaml_document.ts")).readYaml(text, origin);
    if (!("value" in read)) return read;
    if (read.value === null) return nothing("holds no value");
    return isTooDeep(read.value) ? [tooDeep(origin)] : read;
  } catch (error) {
    // A recursive parser has exceeded the stack.
    if (error instanceof RangeError) return [tooDeep(origin)];
    throw error;
  }
}

/** More than real inputs need, and few enough for recursive functions. */
const MAX_LEVELS = 500;

export function isTooDeep(value: Json, levels = MAX_LEVELS): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  if (Array.isArray(value)) return value.some((item) => isTooDeep(item, levels - 1));
  for (const name in value) if (isTooDeep(value[name] ?? null, levels - 1)) return true;
  return false;
}

function tooDeep(origin: string, path = ""): Problem {
  return { origin, path, message: `is nested deeper than ${MAX_LEVELS} levels` };
}

/** The value of a JSON text; `undefined` if it has problems, which are added: for a text that is not JSON, `otherwise`. */
export function jsonIn(
  text: string,
  { origin, path, problems, otherwise }: Omit<Problem, "message"> & {
    readonly problems: Problem[];
    readonly otherwise: string;
  },
): Json | undefined {
  const value = parseJson(text);
  const found = value === undefined
    ? [{ origin, path, message: otherwise }]
    : isTooDeep(value)
    ? [tooDeep(origin, path)]
    : scanJson(text, { origin, path }).problems;
  problems.push(...found);
  return found.length > 0 ? undefined : value;
}

async function readJson(source: string, origin: string): Promise<ValueDocument | readonly Problem[]> {
  const text = source.replace(/^\uFEFF/, "");
  let value = parseJson(text);
  if (value === undefined) {
    // Most files are plain JSON: the parser for comments is loaded only for the others.
    const { parse, printParseErrorCode } = await import("../deps/jsonc.ts");
    const errors: ParseError[] = [];
    const parsed: Json = parse(text, errors, { allowTrailingComma: true });
    if (errors.length > 0) {
      // Counting lines takes time: the first errors are enough.
      return firstOfLines(
        errors.slice(0, 20).map(({ error, offset }) => ({
          origin: `${origin}:${text.slice(0, offset).split("\n").length}`,
          path: "",
          // `ValueExpected` becomes `value expected`.
          message: `is not JSON: ${printParseErrorCode(error).replaceAll(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase()}`,
        })),
      );
    }
    value = parsed;
  }
  const { lines, problems } = scanJson(text, { origin });
  return problems.length > 0 ? problems : { value, lines };
}

export function nameOfType(value: Json): string {
  if (value === null) return "null";
  if (isObject(value)) return "an object";
  return Array.isArray(value) ? "an array" : `a ${typeof value}`;
}
