/** Reads suite files, and the files that they name: all problems at once, before anything is sent. */

import { InvalidInputs } from "../errors.ts";
import { frozen, type InputPath } from "../json.ts";
import { textOf } from "../os_error.ts";
import type { Problem } from "../problem.ts";
import { counted } from "../text.ts";
import { checkFormat } from "./check_format.ts";
import { checkSuite } from "./check_suite.ts";
import { objectOf, type Report } from "./document.ts";
import { type SuiteDocument, suiteFormat } from "./format.ts";
import { readSource } from "./source.ts";
import { readFiles, type SuiteFiles, type SuiteSources } from "./suite_files.ts";

/** A suite file that has no problem. */
export interface Suite extends SuiteFiles {
  /** Of the file, as it was given. */
  readonly path: string;
  readonly name: string;
  readonly document: SuiteDocument;
  /** Describes a problem of a value that is found later. */
  problem(path: InputPath, message: string): Problem;
  lineOf(path: InputPath): number;
}

/** @throws InvalidInputs with all problems of all files. */
export async function readSuites(paths: readonly string[], sources: SuiteSources): Promise<readonly Suite[]> {
  const suites: Suite[] = [];
  const problems: Problem[] = [];
  for (const path of paths) {
    const suite = await readSuite(path, sources, problems);
    if (suite === undefined) continue;
    const same = suites.find(({ name }) => name === suite.name);
    if (same === undefined) suites.push(suite);
    else problems.push(suite.problem(["name"], `must be unique: ${same.path} is also "${same.name}"`));
  }
  if (problems.length === 0) return suites;
  const files = problems.map(({ origin }) => origin.replace(/:\d+:\d+$/, ""));
  throw new InvalidInputs(
    cannotRun(files, problems.length),
    problems,
    { hint: "docs/suites.md describes suite files; docs/suite.schema.json is their JSON Schema" },
  );
}

const MAX_NAMED_FILES = 3;

export function cannotRun(files: readonly string[], problemCount: number): string {
  const names = [...new Set(files)];
  const shown = names.length > MAX_NAMED_FILES ? counted(names.length, "file") : names.join(", ");
  return `Cannot run ${shown}: ${counted(problemCount, "problem")}, nothing was submitted`;
}

async function readSuite(path: string, sources: SuiteSources, problems: Problem[]): Promise<Suite | undefined> {
  const text = await textOf(path, sources);
  if (typeof text !== "string") {
    return void problems.push({ origin: path, path: "", message: `cannot be read: ${text.reason}` });
  }
  const source = await readSource(text, path);
  const today = new Date(sources.nowMs).toISOString().slice(0, 10);
  const { value: document, problems: formatProblems } = checkFormat(suiteFormat, source);
  const own = [...source.problems, ...formatProblems];
  const others: Problem[] = [];
  const report: Report = (path, message, at) => {
    if (!source.isBroken(path)) own.push(source.problem(path, message, at));
  };
  checkSuite(objectOf(source.value), today, report);
  const files = await readFiles(source, { ...sources, today, problems: others, report });
  problems.push(...withoutRepeated(own), ...others);
  if (own.length + others.length > 0 || document === undefined) return undefined;
  return {
    ...files,
    path,
    name: document.name ?? baseName(path),
    document: frozen(document),
    quarantine: Array.isArray(document.quarantine) ? document.quarantine : files.quarantine,
    problem: source.problem,
    lineOf: source.lineOf,
  };
}

/** In the order of the text; one for each place. */
function withoutRepeated(problems: readonly Problem[]): readonly Problem[] {
  const isFirst = ({ origin, path }: Problem, index: number) =>
    problems.findIndex((other) => other.origin === origin && other.path === path) === index;
  // Their lines and columns, since the name of the file is the same.
  return problems.filter(isFirst).toSorted((a, b) => a.origin.localeCompare(b.origin, "en", { numeric: true }));
}

function baseName(path: string): string {
  return (/([^\\/]*)$/.exec(path)?.[1] ?? path).replace(/(?:\.suite)?\.(?:ya?ml|json)$/i, "");
}
