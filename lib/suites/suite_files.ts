/** The other files that a suite names. */

import { readDocument } from "../inputs/document.ts";
import type { InputLayer } from "../inputs/merge.ts";
import type { InputPath, Json, JsonObject } from "../json.ts";
import { textOf } from "../os_error.ts";
import type { Problem } from "../problem.ts";
import { normalizedPath } from "../text.ts";
import { checkFormat } from "./check_format.ts";
import { checkUntil } from "./known_failures.ts";
import {
  axisMappings,
  checkNames,
  listOf,
  namedIn,
  type NamedText,
  objectOf,
  type Report,
  textsOf,
  within,
} from "./document.ts";
import { type QuarantineDocument, quarantineFormat, type ReferenceDocument, referenceFormat } from "./format.ts";
import { readSource, type SourceFile } from "./source.ts";

export interface SuiteSources {
  /** Like `Deno.readTextFile`. */
  readTextFile(path: string): Promise<string>;
  /** Milliseconds since the epoch: known failures expire. */
  readonly nowMs: number;
}

export interface SuiteFiles {
  /** The files that `inputs` names, by their names there. */
  readonly inputFiles: ReadonlyMap<string, InputLayer>;
  /** The files that `reference` names, by their names there. */
  readonly references: ReadonlyMap<string, ReferenceDocument>;
  /** The entries of the file that `quarantine` names. */
  readonly quarantine: QuarantineDocument;
}

export interface FileContext extends SuiteSources {
  /** Like 2030-01-31. */
  readonly today: string;
  /** Problems of the other files. */
  readonly problems: Problem[];
  /** Reports one of the suite file. */
  readonly report: Report;
}

export async function readFiles(
  source: SourceFile,
  { today, problems, report, ...sources }: FileContext,
): Promise<SuiteFiles> {
  const document = objectOf(source.value);
  async function readNamed<T>(
    { text: name, path }: NamedText,
    read: (text: string, origin: string) => Promise<T | undefined>,
  ): Promise<T | undefined> {
    if (name.includes("${")) return void report(path, "the name of a file cannot contain ${…}");
    const file = besides(source.name, name);
    const origin = normalizedPath(file);
    // Not by its normalized path: the parent of a folder's symbolic link is another folder.
    const text = await textOf(file, sources);
    if (typeof text !== "string") return void report(path, `cannot read ${origin}: ${text.reason}`);
    return await read(text, origin);
  }
  const readAs = <T>(format: Parameters<typeof checkFormat<T>>[0], other: SourceFile): T | undefined => {
    const { value, problems: found } = checkFormat(format, other);
    problems.push(...other.problems, ...found);
    return other.problems.length > 0 ? undefined : value;
  };
  const readInputs = async (text: string, origin: string): Promise<InputLayer | undefined> => {
    const read = await readDocument(text, { origin });
    return "value" in read ? read : void problems.push(...read);
  };
  const inputFiles = new Map<string, InputLayer>();
  for (const file of filesIn(document, "inputs")) {
    if (inputFiles.has(file.text)) continue;
    const layer = await readNamed(file, readInputs);
    if (layer !== undefined) inputFiles.set(file.text, layer);
  }
  const references = new Map<string, ReferenceDocument>();
  for (const file of filesIn(document, "reference")) {
    const read = await readNamed(file, async (text, origin) => readAs(referenceFormat, await readSource(text, origin)));
    if (read !== undefined) references.set(file.text, read.reference);
  }
  const cases = namedIn(document, "cases");
  const checkEntries = (entries: Json | undefined, report: Report) => {
    for (const [index, entry] of listOf(entries).entries()) {
      const { case: name, until } = objectOf(entry);
      if (typeof name === "string") checkNames("case", [{ text: name, path: [index, "case"] }], cases, report);
      checkUntil(until, today, within(report, index, "until"));
    }
  };
  let quarantine: QuarantineDocument = [];
  if (typeof document.quarantine === "string") {
    const read = await readNamed({ text: document.quarantine, path: ["quarantine"] }, async (text, origin) => {
      const other = await readSource(text, origin);
      const read = readAs(quarantineFormat, other);
      checkEntries(objectOf(other.value).quarantine, (path, message) => {
        problems.push(other.problem(["quarantine", ...path], message));
      });
      return read;
    });
    quarantine = read?.quarantine ?? [];
  } else checkEntries(document.quarantine, within(report, "quarantine"));
  return { inputFiles, references, quarantine };
}

/** The document, its settings, and those of its cases: the format decides which of them may name a file. */
function filesIn(document: JsonObject, member: "inputs" | "reference"): readonly NamedText[] {
  const places: readonly (readonly [Json | undefined, InputPath])[] = [
    [document, []],
    [document.defaults, ["defaults"]],
    ...Object.entries(objectOf(document.environments)).map(([name, value]) => [value, ["environments", name]] as const),
    ...["setup", "cases"].flatMap((list) =>
      listOf(document[list]).map((value, index) => [value, [list, index]] as const)
    ),
    ...listOf(document.cases).flatMap((one, index) =>
      axisMappings(objectOf(objectOf(one).matrix)).map(([axis, at, value]) =>
        [value, ["cases", index, "matrix", axis, at]] as const
      )
    ),
  ];
  return places.flatMap(([value, path]) =>
    textsOf(objectOf(value)[member]).map(({ text, path: below }) => ({ text, path: [...path, member, ...below] }))
  );
}

/** A file relative to the folder of another one. */
export function besides(path: string, name: string): string {
  if (/^(?:[A-Za-z]:)?[\\/]/.test(name)) return name;
  const folder = /^(.*[\\/])?[^\\/]*$/.exec(path)?.[1] ?? "";
  return folder + name;
}
