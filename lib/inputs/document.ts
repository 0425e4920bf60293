/** Reads a file of inputs: JSON, JSON with comments, or YAML; and finds the line that a value stands on. */

import type { ParseError } from "../deps/jsonc.ts";
import type { Json, JsonObject } from "../json.ts";
import type { Problem } from "../problem.ts";
import { type Lines, linesOfCommentedJson, linesOfJson, linesOfYaml } from "./lines.ts";
import { isObject } from "./path.ts";

/** A file of inputs. */
export interface Document {
  /** What it says. */
  readonly value: JsonObject;
  /** The lines that values stand on; read at the first call. */
  lines(): Promise<Lines | undefined>;
}

export type DocumentForm = "json" | "yaml";

/** YAML by its ending, or by not beginning as JSON does. */
export function formOf(name: string, text: string): DocumentForm {
  if (/\.ya?ml$/i.test(name)) return "yaml";
  return /\.jsonc?$/i.test(name) || /^\uFEFF?\s*(?:[{["]|\/[/*])/.test(text) ? "json" : "yaml";
}

/**
 * Reads the text; its top level must be an object.
 *
 * @returns The document, or every problem with it.
 */
export async function readDocument(
  text: string,
  { origin, form }: { readonly origin: string; readonly form: DocumentForm },
): Promise<Document | readonly Problem[]> {
  const read = await (form === "json" ? readJson(text, origin) : readYaml(text, origin)).catch((error: unknown) => {
    // A reader that calls itself for each level has run out of stack.
    if (error instanceof RangeError) return [tooDeep(origin)];
    throw error;
  });
  if (Array.isArray(read)) return read;
  const { value, lines } = read;
  if (!isObject(value)) {
    return [{ origin, path: "", message: `must be an object at the top: got ${nameOfType(value)}` }];
  }
  if (isDeeperThan(MAX_LEVELS, value)) return [tooDeep(origin)];
  return { value, lines };
}

/** More than anybody writes, and little enough for what walks through inputs. */
const MAX_LEVELS = 500;

function isDeeperThan(levels: number, value: Json): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  if (Array.isArray(value)) return value.some((item) => isDeeperThan(levels - 1, item));
  for (const name in value) if (isDeeperThan(levels - 1, value[name] ?? null)) return true;
  return false;
}

function tooDeep(origin: string): Problem {
  return { origin, path: "", message: `is nested deeper than ${MAX_LEVELS} levels` };
}

interface Read {
  readonly value: Json;
  lines(): Promise<Lines | undefined>;
}

async function readJson(source: string, origin: string): Promise<Read | Problem[]> {
  const text = source.replace(/^\uFEFF/, "");
  try {
    return { value: JSON.parse(text), lines: once(() => Promise.resolve(linesOfJson(text))) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // Plain JSON is by far the most; only what is not gets the reader that knows comments and places.
    const { parse, printParseErrorCode } = await import("../deps/jsonc.ts");
    const errors: ParseError[] = [];
    const value = parse(text, errors, { allowTrailingComma: true });
    if (errors.length === 0) return { value, lines: once(() => linesOfCommentedJson(text)) };
    return errors.slice(0, 5).map(({ error, offset }) => ({
      origin: `${origin}:${lineOfOffset(text, offset)}`,
      path: "",
      message: `is not JSON: ${words(printParseErrorCode(error))}`,
    }));
  }
}

async function readYaml(text: string, origin: string): Promise<Read | Problem[]> {
  const { LineCounter, parseDocument } = await import("../deps/yaml.ts");
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, logLevel: "error" });
  // This reader hands out its own overflow as a mistake of the text.
  if (document.errors.some(({ code }) => code === "RESOURCE_EXHAUSTION")) return [tooDeep(origin)];
  if (document.errors.length > 0) {
    return document.errors.slice(0, 5).map(({ pos: [offset], message }) => ({
      origin: `${origin}:${lineCounter.linePos(offset).line}`,
      path: "",
      message: `is not YAML: ${message.split("\n")[0]?.replace(/ at line \d+, column \d+:?$/, "")}`,
    }));
  }
  try {
    return { value: plain(document.toJS() ?? {}), lines: once(() => linesOfYaml(document.contents, lineCounter)) };
  } catch (error) {
    // Its own words would quote the alias, which may be a password that begins with a star.
    if (error instanceof ReferenceError) {
      return [{
        origin,
        path: "",
        message: "is not YAML that can be read: an alias has no anchor, or repeats too much",
      }];
    }
    if (!(error instanceof TypeError)) throw error;
    return [{ origin, path: "", message: "holds what JSON can't: a number without end, or an anchor inside itself" }];
  }
}

/** By way of JSON: maps with odd keys and the like become what could be sent. */
function plain(value: unknown): Json {
  const text = JSON.stringify(value, (_name, member) => {
    if (typeof member === "number" && !Number.isFinite(member)) throw new TypeError("not a JSON number");
    return member;
  });
  return JSON.parse(text);
}

/** Reads at the first call, and hands out the same afterwards. */
function once<T>(read: () => Promise<T>): () => Promise<T> {
  let reading: Promise<T> | undefined;
  return () => reading ??= read();
}

function lineOfOffset(text: string, offset: number): number {
  let line = 1;
  for (let index = text.indexOf("\n"); index !== -1 && index < offset; index = text.indexOf("\n", index + 1)) line++;
  return line;
}

/** "ValueExpected" is "value expected". */
function words(code: string): string {
  return code.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).toLowerCase();
}

function nameOfType(value: Json): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : `a ${typeof value}`;
}
