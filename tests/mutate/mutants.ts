/** The mutants of a session: named faults and drawn ones, as changed files with the tests that should notice them. */

import { sourceFiles } from "../support/import_graph.ts";
import { draw, type Mutation, mutationsOf } from "./draw.ts";
import { type Fault, planted } from "./fault.ts";

export interface Mutant {
  readonly group: "named" | "drawn";
  readonly name: string;
  readonly file: string;
  /** The changed file. */
  readonly text: string;
  readonly tests: readonly string[];
}

/** Drawn from these folders: the simulator is itself a part of the tests. */
const DRAWN_FOLDERS = [
  "lib/cli/",
  "lib/inputs/",
  "lib/platform/",
  "lib/prompts/",
  "lib/reports/",
  "lib/runs/",
  "lib/scheduler/",
  "lib/server/",
  "lib/store/",
] as const;

/** @throws Error that lists every named fault whose place is gone. */
export async function namedMutants(root: URL, faults: readonly Fault[]): Promise<Mutant[]> {
  const names = faults.map(({ name }) => name);
  const problems = names.filter((name, index) => names.indexOf(name) !== index).map((name) => `Two faults: "${name}"`);
  const mutants: Mutant[] = [];
  for (const fault of faults) {
    const { name, file, tests } = fault;
    try {
      for (const path of tests) await Deno.stat(new URL(path, root));
      const text = planted(fault, await Deno.readTextFile(new URL(file, root)));
      mutants.push({ group: "named", name, file, text, tests });
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      problems.push(error instanceof Deno.errors.NotFound ? `Cannot plant "${name}": ${error.message}` : error.message);
    }
  }
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return mutants;
}

export async function drawnMutants(
  root: URL,
  { count, random, within = "" }: {
    readonly count: number;
    readonly random: () => number;
    readonly within?: string | undefined;
  },
): Promise<Mutant[]> {
  const mutations: Mutation[] = [];
  for (const folder of DRAWN_FOLDERS) {
    for (const file of await sourceFiles(root, folder)) {
      if (file.startsWith(within)) mutations.push(...mutationsOf(file, await Deno.readTextFile(new URL(file, root))));
    }
  }
  return await Promise.all(draw(mutations, count, random).map((mutation) => mutantOf(root, mutation)));
}

async function mutantOf(root: URL, { file, line, start, end, before, after }: Mutation): Promise<Mutant> {
  const text = await Deno.readTextFile(new URL(file, root));
  return {
    group: "drawn",
    name: `${file}:${line}  ${oneLine(before)}  ->  ${oneLine(after)}`,
    file,
    text: text.slice(0, start) + after + text.slice(end),
    tests: await testsOf(root, file),
  };
}

/** Whose tests are in another folder than that of their layer. */
const TESTED_WITH = new Map([["lib/cli/suite", "tests/suites"]]);

/**
 * The mirrored test, if there is one, then the folder that the file is tested with, the innermost folder of tests, and the
 * folder of the layer.
 */
export async function testsOf(root: URL, file: string): Promise<string[]> {
  const parts = file.replace(/^lib\//, "tests/").split("/");
  const folders = parts.slice(0, -1).map((_, index) => parts.slice(0, index + 1).join("/")).slice(1).toReversed();
  const mirrored = parts.join("/").replace(/\.ts$/, "_test.ts");
  const elsewhere = TESTED_WITH.get(file.replace(/\/[^/]+$/, ""));
  const found: string[] = [];
  for (const path of [mirrored, ...elsewhere === undefined ? [] : [elsewhere], ...folders]) {
    if (await exists(new URL(path, root))) found.push(path);
  }
  return found;
}

async function exists(url: URL): Promise<boolean> {
  try {
    await Deno.stat(url);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}
