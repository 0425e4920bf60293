/** Gathers what `-i` and a preset give into layers, lowest first. */

import { InvalidInputs, RunnerError } from "../errors.ts";
import type { Json, JsonObject } from "../json.ts";
import type { Problem } from "../problem.ts";
import { parseArgument } from "./argument.ts";
import { type Document, formOf, readDocument } from "./document.ts";
import { formatPath, type Path } from "./path.ts";

/** A whole object, or one value at a path. */
export type InputLayer =
  | {
    readonly type: "object";
    /** `inputs/base.json`, `-i #2`, `stdin`, `preset small`. */
    readonly origin: string;
    readonly value: JsonObject;
    /** The lines that its values stand on, where there are lines. */
    readonly lines: Document["lines"] | null;
  }
  | {
    readonly type: "value";
    readonly origin: string;
    readonly path: Path;
    readonly value: Json;
    /** True for `=text`, which takes the type that the workflow declares. */
    readonly isUntyped: boolean;
    readonly isSecret: boolean;
  };

/** What layers are read with. */
export interface LayerSources {
  /** Reads a file of inputs. */
  readTextFile(path: string): Promise<string>;
  /** Reads all of stdin, once. */
  readStdin(): Promise<string>;
  /** Asks without echo. */
  askSecret(path: string): Promise<string>;
}

/**
 * Reads the repeated `-i` values in their order.
 *
 * @throws InvalidInputs with every problem at once.
 */
export async function readLayers(values: readonly string[], sources: LayerSources): Promise<InputLayer[]> {
  const layers: InputLayer[] = [];
  const problems: Problem[] = [];
  let isStdinRead = false;
  for (const [index, value] of values.entries()) {
    const origin = `-i #${index + 1}`;
    try {
      const layer = await readLayer(value, origin, {
        ...sources,
        readStdin: () => {
          if (isStdinRead) throw asProblem({ origin, path: "", message: "stdin can be read once" });
          isStdinRead = true;
          return sources.readStdin();
        },
      });
      layers.push(layer);
    } catch (error) {
      if (!(error instanceof InvalidInputs)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new InvalidInputs(`Cannot read the inputs: ${countOf(problems)}`, problems);
  return layers;
}

/** Inputs that are at hand already, like a saved preset's. */
export function givenLayer(origin: string, value: JsonObject): InputLayer {
  return { type: "object", origin, value, lines: null };
}

async function readLayer(argument: string, origin: string, sources: LayerSources): Promise<InputLayer> {
  const parsed = parseArgument(argument, origin);
  switch (parsed.type) {
    case "stdin":
      return await objectLayer(await sources.readStdin(), "stdin", "");
    case "inline":
      return await objectLayer(parsed.text, origin, ".json");
    case "file":
      return await objectLayer(await readFile(parsed.file, origin, sources), parsed.file, parsed.file);
    case "text":
      return { type: "value", origin, path: parsed.path, value: parsed.text, isUntyped: true, isSecret: false };
    case "json":
      return { ...valueLayer(origin, parsed.path), value: parseValue(parsed.text, origin, parsed.path) };
    case "text-file":
      return { ...valueLayer(origin, parsed.path), value: await readFile(parsed.text, origin, sources) };
    case "asked":
      return {
        ...valueLayer(origin, parsed.path),
        value: await sources.askSecret(formatPath(parsed.path)),
        isSecret: true,
      };
  }
}

function valueLayer(origin: string, path: Path) {
  return { type: "value", origin, path, isUntyped: false, isSecret: false } as const;
}

async function objectLayer(text: string, origin: string, name: string): Promise<InputLayer> {
  const document = await readDocument(text, { origin, form: formOf(name, text) });
  if (!("value" in document)) throw new InvalidInputs(`Cannot read ${origin}`, document);
  const hasLines = origin === name || origin === "stdin";
  return { type: "object", origin, value: document.value, lines: hasLines ? document.lines : null };
}

function parseValue(text: string, origin: string, path: Path): Json {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const hint = "after := comes JSON; for text use =";
    // Not quoted: it may be a password.
    throw asProblem({ origin, path: formatPath(path), message: `is not JSON: ${hint}` });
  }
}

async function readFile(file: string, origin: string, { readTextFile }: LayerSources): Promise<string> {
  try {
    return await readTextFile(file);
  } catch (error) {
    if (error instanceof RunnerError || !(error instanceof Error)) throw error;
    const why = error instanceof Deno.errors.NotFound ? "there is no such file" : error.message;
    throw asProblem({ origin, path: "", message: `cannot read ${file}: ${why}` }, error);
  }
}

function asProblem(problem: Problem, cause?: unknown): InvalidInputs {
  return new InvalidInputs(`Cannot read the inputs: ${problem.message}`, [problem], { cause });
}

function countOf(problems: readonly Problem[]): string {
  return problems.length === 1 ? "1 problem" : `${problems.length} problems`;
}
