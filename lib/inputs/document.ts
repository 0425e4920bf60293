/** Reads a file of inputs: JSON, JSON with comments, or YAML; and finds the line that a value stands on. */

import type { ParseError } from "../deps/jsonc.ts";
import type { Json, JsonObject, Problem } from "../model.ts";
import { isObject, type Path } from "./path.ts";

export interface Document {
  readonly value: JsonObject;
  /** The line that a path's value stands on, from 1; `undefined` when it can't be told. Parses the text again. */
  lineOf(path: Path): Promise<number | undefined>;
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
  const read = form === "json" ? await readJson(text, origin) : await readYaml(text, origin);
  if (Array.isArray(read)) return read;
  const { value, lineOf } = read;
  if (!isObject(value)) {
    return [{ origin, path: "", message: `must be an object at the top: got ${nameOfType(value)}` }];
  }
  return { value, lineOf };
}

interface Read {
  readonly value: Json;
  lineOf(path: Path): Promise<number | undefined>;
}

async function readJson(source: string, origin: string): Promise<Read | Problem[]> {
  const text = source.replace(/^\uFEFF/, "");
  const lineOf = async (path: Path) => {
    const { findNodeAtLocation, parseTree } = await import("../deps/jsonc.ts");
    const tree = parseTree(text);
    const node = tree === undefined ? undefined : findNodeAtLocation(tree, [...path]);
    return node === undefined ? undefined : lineAt(text, node.offset);
  };
  try {
    return { value: JSON.parse(text), lineOf };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // Plain JSON is by far the most; only what is not gets the reader that knows comments and places.
    const { parse, printParseErrorCode } = await import("../deps/jsonc.ts");
    const errors: ParseError[] = [];
    const value = parse(text, errors, { allowTrailingComma: true });
    if (errors.length === 0) return { value, lineOf };
    return errors.slice(0, 5).map(({ error, offset }) => ({
      origin: `${origin}:${lineAt(text, offset)}`,
      path: "",
      message: `is not JSON: ${words(printParseErrorCode(error))}`,
    }));
  }
}

async function readYaml(text: string, origin: string): Promise<Read | Problem[]> {
  const { LineCounter, parseDocument } = await import("../deps/yaml.ts");
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter });
  if (document.errors.length > 0) {
    return document.errors.slice(0, 5).map(({ pos: [offset], message }) => ({
      origin: `${origin}:${lineCounter.linePos(offset).line}`,
      path: "",
      message: `is not YAML: ${message.split("\n")[0]?.replace(/ at line \d+, column \d+:?$/, "")}`,
    }));
  }
  return {
    // By way of JSON: dates, maps with odd keys and the like become what could be sent.
    value: JSON.parse(JSON.stringify(document.toJS() ?? {})),
    lineOf: (path) => {
      const node = document.getIn(path, true);
      const offset = isRanged(node) ? node.range[0] : undefined;
      return Promise.resolve(offset === undefined ? undefined : lineCounter.linePos(offset).line);
    },
  };
}

function isRanged(node: unknown): node is { readonly range: readonly [number, number, number] } {
  return typeof node === "object" && node !== null && "range" in node && Array.isArray(node.range);
}

function lineAt(text: string, offset: number): number {
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
