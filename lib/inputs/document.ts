/** Reads a file of inputs: JSON, JSON with comments, or YAML. */

import type { ParseError } from "../deps/jsonc.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";
import type { Problem } from "../problem.ts";
import { inexactInYaml } from "./exact_numbers.ts";
import { problemsInJson } from "./json_problems.ts";
import { type LineMap, linesOfJson, linesOfYaml } from "./lines.ts";

/** A parsed file. */
export interface ValueDocument {
  /** The parsed content. */
  readonly value: Json;
  /** The line number of each value; computed by the first call. */
  lines(): Promise<LineMap | undefined>;
}

/** A file of inputs. */
export interface InputDocument extends ValueDocument {
  /** By name. */
  readonly value: JsonObject;
}

export type DocumentFormat = "json" | "yaml";

/** Decides by the file extension, else by the first character. */
export function documentFormatOf(name: string, text: string): DocumentFormat {
  if (/\.ya?ml$/i.test(name)) return "yaml";
  return /\.jsonc?$/i.test(name) || /^\uFEFF?\s*(?:[{["]|\/[/*])/.test(text) ? "json" : "yaml";
}

/**
 * Parses the text, whose top level must be an object.
 *
 * @returns The document, or all of its problems.
 */
export async function readDocument(
  text: string,
  { origin, format }: { readonly origin: string; readonly format: DocumentFormat },
): Promise<InputDocument | readonly Problem[]> {
  const read = await readValue(text, { origin, format, ifEmpty: "write {} for no inputs" });
  if (!("value" in read)) return read;
  const { value, lines } = read;
  if (isObject(value)) return { value, lines };
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
  { origin, format, ifEmpty }: { readonly origin: string; readonly format: DocumentFormat; readonly ifEmpty: string },
): Promise<ValueDocument | readonly Problem[]> {
  // Nothing is most likely a mistake: an empty pipe, or a file that was not written.
  const nothing = (what: string) => [{ origin, path: "", message: `${what}: ${ifEmpty}` }];
  if (text.trim() === "") return nothing("is empty");
  const read = await (format === "json" ? readJson(text, origin) : readYaml(text, origin)).catch((error: unknown) => {
    // The recursive parser has exceeded the stack.
    if (error instanceof RangeError) return [tooDeep(origin)];
    throw error;
  });
  if (Array.isArray(read)) return read;
  if (read.value === null) return nothing("holds no value");
  return isTooDeep(read.value) ? [tooDeep(origin)] : read;
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

export function tooDeep(origin: string): Problem {
  return { origin, path: "", message: `is nested deeper than ${MAX_LEVELS} levels` };
}

async function readJson(source: string, origin: string): Promise<ValueDocument | Problem[]> {
  const text = source.replace(/^\uFEFF/, "");
  const checked = async (value: Json) => {
    const problems = await problemsInJson(text, value, origin);
    return problems.length > 0 ? [...problems] : { value, lines: once(() => linesOfJson(text)) };
  };
  try {
    return await checked(JSON.parse(text));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // Most files are plain JSON: the parser for comments is loaded only for the others.
    const { parse, printParseErrorCode } = await import("../deps/jsonc.ts");
    const errors: ParseError[] = [];
    const value = parse(text, errors, { allowTrailingComma: true });
    if (errors.length === 0) return await checked(value);
    return errors.slice(0, 5).map(({ error, offset }) => ({
      origin: `${origin}:${lineOfOffset(text, offset)}`,
      path: "",
      message: `is not JSON: ${splitWords(printParseErrorCode(error))}`,
    }));
  }
}

async function readYaml(text: string, origin: string): Promise<ValueDocument | Problem[]> {
  const { LineCounter, parseDocument } = await import("../deps/yaml.ts");
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, logLevel: "error" });
  // This parser reports its own stack overflow as an error of the text.
  if (document.errors.some(({ code }) => code === "RESOURCE_EXHAUSTION")) return [tooDeep(origin)];
  if (document.errors.length > 0) {
    return document.errors.slice(0, 5).map(({ pos: [offset], message }) => ({
      origin: `${origin}:${lineCounter.linePos(offset).line}`,
      path: "",
      message: `is not YAML: ${message.split("\n")[0]?.replace(/ at line \d+, column \d+:?$/, "")}`,
    }));
  }
  const inexact = await inexactInYaml(document.contents, { text, counter: lineCounter, origin });
  if (inexact.length > 0) return inexact;
  try {
    // A file in which everything is commented out, as a new one may be, is a file without inputs.
    return {
      value: toJson(document.contents === null ? {} : document.toJS()),
      lines: once(() => linesOfYaml(document.contents, lineCounter)),
    };
  } catch (error) {
    // The parser's message quotes the alias, which may be a password that starts with an asterisk.
    if (error instanceof ReferenceError) {
      return [{ origin, path: "", message: "is not valid YAML: an alias has no anchor or expands too much" }];
    }
    if (!(error instanceof TypeError)) throw error;
    return [{
      origin,
      path: "",
      message: "cannot be converted to JSON: it contains an infinite number, or an anchor that contains itself",
    }];
  }
}

/** Converts to JSON and back, so that maps with keys other than strings become plain objects. */
function toJson(value: unknown): Json {
  const text = JSON.stringify(value, (_name, member) => {
    if (typeof member === "number" && !Number.isFinite(member)) throw new TypeError("not a JSON number");
    return member;
  });
  return JSON.parse(text);
}

/** Caches the promise of the first call. */
function once<T>(read: () => Promise<T>): () => Promise<T> {
  let reading: Promise<T> | undefined;
  return () => reading ??= read();
}

function lineOfOffset(text: string, offset: number): number {
  let line = 1;
  for (let index = text.indexOf("\n"); index !== -1 && index < offset; index = text.indexOf("\n", index + 1)) line++;
  return line;
}

/** `ValueExpected` becomes `value expected`. */
function splitWords(code: string): string {
  return code.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).toLowerCase();
}

export function nameOfType(value: Json): string {
  if (value === null) return "null";
  if (isObject(value)) return "an object";
  return Array.isArray(value) ? "an array" : `a ${typeof value}`;
}
