/** Reads layers of inputs from the command line, and the files that it names. */

import { counted } from "../text.ts";
import { InvalidInputs, RunnerError } from "../errors.ts";
import { formatPath, type Json, parsePath } from "../json.ts";
import { osErrorReason } from "../os_error.ts";
import type { Problem } from "../problem.ts";
import { jsonIn, readDocument } from "./document.ts";
import { createValueLayer, type InputLayer, type ObjectLayer } from "./merge.ts";

/** Access to files, stdin and the terminal. */
export interface LayerSources {
  /** Like `Deno.readTextFile`. */
  readTextFile(path: string): Promise<string>;
  /** Reads all of stdin; called at most once. */
  readStdin(): Promise<string>;
  /** Prompts without echo. */
  promptSecret(path: string): Promise<string>;
}

/**
 * Reads the values of repeated `-i` options into layers, in ascending precedence.
 *
 * @throws InvalidInputs with all problems.
 */
export async function readLayers(values: readonly string[], sources: LayerSources): Promise<InputLayer[]> {
  const layers: InputLayer[] = [];
  const problems: Problem[] = [];
  for (const [index, value] of values.entries()) {
    const origin = `-i #${index + 1}`;
    try {
      const isRepeated = value === "-" && values.indexOf(value) < index;
      if (isRepeated) throw asProblem({ origin, path: "", message: "stdin can only be read once" });
      layers.push(await readLayer(value, origin, sources));
    } catch (error) {
      if (!(error instanceof InvalidInputs)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) {
    throw new InvalidInputs(`Cannot read the inputs: ${counted(problems.length, "problem")}`, problems);
  }
  return layers;
}

/** `name.path=value`, `name.path:=json`. */
export const ASSIGNMENT = /^((?:\["(?:[^"\\]|\\.)*"\]|[\w.[\]-])+?)(:?=)([^]*)$/;

/**
 * The first match wins: `-` (stdin), a leading `{` (inline JSON), `name=…` or `name:=…` (one value; `@file` and `@-` name
 * where its text is), a file. `./` forces a file.
 */
async function readLayer(argument: string, origin: string, sources: LayerSources): Promise<InputLayer> {
  if (argument === "-") {
    const text = await readFile("stdin", { origin, path: "" }, { readTextFile: () => sources.readStdin() });
    return await documentLayer(text, "stdin");
  }
  if (/^\s*\{/.test(argument)) return { ...await documentLayer(argument, origin), lines: null };
  const match = ASSIGNMENT.exec(argument);
  if (match === null) return await readInputFile(argument, origin, sources);
  const [, name = "", operator, text = ""] = match;
  const path = parsePath(name);
  if (path === undefined) throw asProblem({ origin, path: name, message: "is not a path" });
  const layer = (value: Json) => createValueLayer(origin, path, value);
  const place = { origin, path: formatPath(path) };
  if (operator === ":=") {
    const problems: Problem[] = [];
    // The text is not quoted, because it may be a password.
    const value = jsonIn(text, { ...place, problems, otherwise: "is not JSON: := takes JSON; use = for text" });
    if (value !== undefined) return { ...layer(value), written: text.trim() };
    throw new InvalidInputs(`Cannot read the inputs: ${problems[0]?.message}`, problems);
  }
  if (text === "@-") return { ...layer(await sources.promptSecret(place.path)), isSecret: true };
  if (text.startsWith("@")) return layer(await readFile(text.slice(1), place, sources));
  return { ...layer(text), isUntyped: true };
}

/**
 * Reads a file of inputs.
 *
 * @param origin What a file that cannot be read is a problem of.
 * @throws InvalidInputs with all problems.
 */
export async function readInputFile(
  path: string,
  origin: string,
  sources: Pick<LayerSources, "readTextFile">,
): Promise<ObjectLayer> {
  return await documentLayer(await readFile(path, { origin, path: "" }, sources), path);
}

/** @throws InvalidInputs with all problems of the text. */
export async function documentLayer(text: string, origin: string): Promise<ObjectLayer> {
  const layer = await readDocument(text, { origin });
  if ("value" in layer) return layer;
  throw new InvalidInputs(`Cannot read ${origin}`, layer);
}

/** @param place Its `path` is that of the input whose text is in the file; empty for a file of inputs. */
async function readFile(
  file: string,
  place: Pick<Problem, "origin" | "path">,
  { readTextFile }: Pick<LayerSources, "readTextFile">,
): Promise<string> {
  if (file === "") throw asProblem({ ...place, message: "needs the name of a file after @" });
  try {
    return await readTextFile(file);
  } catch (error) {
    if (error instanceof RunnerError || !(error instanceof Error)) throw error;
    const isMissing = error instanceof Deno.errors.NotFound;
    const reason = isMissing ? "no such file" : osErrorReason(error) ?? error.message;
    const hint = isMissing && place.path === "" && /^[\w.-]+$/.test(file) && !/\.(?:jsonc?|ya?ml)$/i.test(file)
      ? `. Write one value as ${file}=VALUE`
      : "";
    throw asProblem({ ...place, message: `cannot read ${file}: ${reason}${hint}` }, error);
  }
}

function asProblem(problem: Problem, cause?: unknown): InvalidInputs {
  return new InvalidInputs(`Cannot read the inputs: ${problem.message}`, [problem], { cause });
}
