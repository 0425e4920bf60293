/** Reads suite files, and the files that they name: all problems at once, before anything is sent. */

import { InvalidInputs } from "../errors.ts";
import { readDocument } from "../inputs/document.ts";
import type { InputLayer } from "../inputs/merge.ts";
import { frozen, type InputPath, type Json, type JsonObject } from "../json.ts";
import { textOf } from "../os_error.ts";
import { distinctProblems, type Problem } from "../problem.ts";
import { counted, normalizedPath } from "../text.ts";
import { checkFormat } from "./check_format.ts";
import { checkSuite } from "./check_suite.ts";
import {
  axisMappings,
  checkNames,
  listOf,
  namedIn,
  objectOf,
  type Placed,
  type Report,
  textsOf,
  within,
} from "./document.ts";
import {
  type QuarantineDocument,
  quarantineFormat,
  type ReferenceDocument,
  referenceFormat,
  type SuiteDocument,
  suiteFormat,
} from "./format.ts";
import { checkUntil, checkWhen } from "./known_failures.ts";
import { readSource, type SourceFile } from "./source.ts";

export interface SuiteSources {
  /** Like `Deno.readTextFile`. */
  readTextFile(path: string): Promise<string>;
  /** Milliseconds since the epoch: known failures expire. */
  readonly nowMs: number;
}

/** A suite file that has no problem. */
export interface Suite {
  /** Of the file, as it was given. */
  readonly path: string;
  readonly name: string;
  readonly document: SuiteDocument;
  /** The files that `inputs` names, by their names there. */
  readonly inputFiles: ReadonlyMap<string, InputLayer>;
  /** The files that `reference` names, by their names there. */
  readonly references: ReadonlyMap<string, ReferenceDocument>;
  /** Of the document, or of the file that it names. */
  readonly quarantine: QuarantineDocument;
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
  const distinct = distinctProblems(problems);
  const files = distinct.map(({ origin }) => origin.replace(/(?::\d+)+$/, ""));
  const hint = "docs/suites.md describes suite files; docs/suite.schema.json is their JSON Schema";
  throw new InvalidInputs(cannotRun(files, distinct.length), distinct, { hint });
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
  const { value: document, problems: found } = checkFormat(suiteFormat, source);
  const own = [...found];
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
    name: document.name ?? path.replace(/^.*[\\/]|(?<=[^\\/])(?:\.suite)?\.(?:ya?ml|json)$/gis, ""),
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

/** @param context.problems Those of the other files are added; `report` is for those of the suite file. */
async function readFiles(
  source: SourceFile,
  { today, problems, report, ...sources }: SuiteSources & {
    readonly today: string;
    readonly problems: Problem[];
    readonly report: Report;
  },
): Promise<Pick<Suite, "inputFiles" | "references" | "quarantine">> {
  const document = objectOf(source.value);
  const readNamed = async (name: string, path: InputPath) => {
    if (name.includes("${")) return void report(path, "the name of a file cannot contain ${…}");
    const file = besides(source.name, name);
    const origin = normalizedPath(file);
    // Not by its normalized path: the parent of a folder's symbolic link is another folder.
    const text = await textOf(file, sources);
    if (typeof text !== "string") return void report(path, `cannot read ${origin}: ${text.reason}`);
    return { text, origin };
  };
  const readAs = async <T>(format: Parameters<typeof checkFormat<T>>[0], name: string, path: InputPath) => {
    const file = await readNamed(name, path);
    if (file === undefined) return undefined;
    const other = await readSource(file.text, file.origin);
    const { value, problems: found } = checkFormat(format, other);
    problems.push(...found);
    return { other, value };
  };
  const inputFiles = new Map<string, InputLayer>();
  for (const [name, path] of filesIn(document, "inputs")) {
    const file = inputFiles.has(name) ? undefined : await readNamed(name, path);
    if (file === undefined) continue;
    const read = await readDocument(file.text, { origin: file.origin });
    if ("value" in read) inputFiles.set(name, read);
    else problems.push(...read);
  }
  const references = new Map<string, ReferenceDocument>();
  for (const [name, path] of filesIn(document, "reference")) {
    const read = await readAs(referenceFormat, name, path);
    if (read?.value !== undefined) references.set(name, read.value.reference);
  }
  const cases = namedIn(document, "cases");
  const checkEntries = (entries: Json | undefined, report: Report) => {
    for (const [index, entry] of listOf(entries).entries()) {
      const { case: name, until, when } = objectOf(entry);
      if (typeof name === "string") checkNames("case", [[name, [index, "case"]]], cases, report);
      checkUntil(until, today, within(report, index, "until"));
      const named = cases.find((one) => one.name === name);
      if (named !== undefined) checkWhen(when, named.value, document, within(report, index, "when"));
    }
  };
  if (typeof document.quarantine !== "string") {
    checkEntries(document.quarantine, within(report, "quarantine"));
    return { inputFiles, references, quarantine: [] };
  }
  const read = await readAs(quarantineFormat, document.quarantine, ["quarantine"]);
  if (read === undefined) return { inputFiles, references, quarantine: [] };
  checkEntries(objectOf(read.other.value).quarantine, (path, message) => {
    problems.push(read.other.problem(["quarantine", ...path], message));
  });
  return { inputFiles, references, quarantine: read.value?.quarantine ?? [] };
}

/** The document, its settings, and those of its cases: the format decides which of them may name a file. */
function filesIn(document: JsonObject, member: "inputs" | "reference"): readonly Placed<string>[] {
  const cases = namedIn(document, "cases");
  const places: readonly Placed<Json | undefined>[] = [
    [document, []],
    [document.defaults, ["defaults"]],
    ...Object.entries(objectOf(document.environments)).map(([name, value]) => [value, ["environments", name]] as const),
    ...[...namedIn(document, "setup"), ...cases].map(({ value, path }) => [value, path] as const),
    ...cases.flatMap(({ value, path }) =>
      axisMappings(value).map(([one, below]) => [one, [...path, ...below]] as const)
    ),
  ];
  return places.flatMap(([value, path]) =>
    textsOf(objectOf(value)[member]).map(([text, below]) => [text, [...path, member, ...below]] as const)
  );
}

/** A file relative to the folder of another one. */
export function besides(path: string, name: string): string {
  if (/^(?:[A-Za-z]:)?[\\/]/.test(name)) return name;
  const folder = /^(.*[\\/])?[^\\/]*$/.exec(path)?.[1] ?? "";
  return folder + name;
}
