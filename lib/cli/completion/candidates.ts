/** The words that fit a place, of what is known. What can't be found out is left out, without a word. */

import { oneLine } from "../../escape.ts";
import type { Place } from "./place.ts";

/** A word that may be put at the cursor. */
export interface Candidate {
  readonly text: string;
  /** On one line, harmless; may be empty. */
  readonly description: string;
  /** Whether the word ends here: a space follows. */
  readonly isWhole: boolean;
}

/** What is known, asked for when it is needed. Each may throw. */
export interface Facts {
  commands(): readonly Named[];
  workflows(): Promise<readonly Named[]>;
  presets(workflow: string): Promise<readonly Named[]>;
  inputs(workflow: string): Promise<readonly InputFact[]>;
  /** The latest first. */
  runs(): Promise<readonly (Named & { readonly isRunning: boolean })[]>;
  contexts(): Promise<readonly string[]>;
  /** What is in a folder, as it was typed with its slash; the working folder's is empty. */
  files(folder: string): Promise<readonly { readonly name: string; readonly isDirectory: boolean }[]>;
}

export interface Named {
  readonly name: string;
  readonly description: string;
}

/** Something that a workflow asks for. */
export interface InputFact {
  /** As `-i` takes it; rows of a list are told as their first, like `rows[0].name`. */
  readonly path: string;
  readonly description: string;
  /** What it may be, where its form tells. */
  readonly values: readonly string[];
}

/**
 * Finds what fits. All that may stand there is told, whether or not it begins as what was typed: shells have their own
 * ways to match. Files are told of the typed folder alone.
 *
 * @param typed What was typed of the word, after the place's head.
 */
export async function candidatesOf(place: Place, typed: string, facts: Facts): Promise<readonly Candidate[]> {
  const candidates = await candidatesAt(place, typed, facts);
  // What can't be shown as it is can't be typed safely either.
  return candidates.filter(({ text }) => text !== "" && oneLine(text) === text);
}

async function candidatesAt(place: Place, typed: string, facts: Facts): Promise<readonly Candidate[]> {
  switch (place.type) {
    case "commands":
      return facts.commands().map(named);
    case "options":
      return place.options.map(({ text, description }) => whole(text, description));
    case "words":
      return place.words.map(([word, description]) => whole(word, description));
    case "workflows":
      return (await known(() => facts.workflows())).map(named);
    case "runs":
      return await runCandidates(place.which, facts);
    case "presets":
      return (await known(() => facts.presets(place.workflow))).map(named);
    case "inputs":
      return await inputCandidates(place.workflow, typed, facts);
    case "contexts":
      return (await known(() => facts.contexts())).map((name) => whole(name, ""));
    case "files":
      return await fileCandidates(typed, facts);
  }
}

async function runCandidates(which: "any" | "running", facts: Facts): Promise<readonly Candidate[]> {
  const runs = await known(() => facts.runs());
  const fitting = runs.filter(({ isRunning }) => which === "any" || isRunning).map(named);
  return runs.length === 0 ? [] : [...fitting, whole("last", "the latest run from here")];
}

/** `name.path=`, then what it may be; or a file. */
async function inputCandidates(
  workflow: string | undefined,
  typed: string,
  facts: Facts,
): Promise<readonly Candidate[]> {
  const [, head, path, isJson, value = ""] = /^((.+?)(:?)=)([^]*)$/.exec(typed) ?? [];
  if (head !== undefined && value.startsWith("@")) {
    return (await fileCandidates(value.slice(1), facts)).map((file) => ({ ...file, text: `${head}@${file.text}` }));
  }
  const fields = workflow === undefined ? [] : await known(() => facts.inputs(workflow));
  const inputs = fields.map((field) => ({ ...field, path: withRowsOf(typed, field.path) }));
  if (head !== undefined) {
    // Behind := stands JSON, which has quotes around texts.
    const values = isJson === ":" ? [] : inputs.find((input) => input.path === path)?.values ?? [];
    return values.map((text) => whole(`${head}${text}`, ""));
  }
  return [
    ...inputs.map(({ path, description }) => ({ text: `${path}=`, description: tidy(description), isWhole: false })),
    ...await fileCandidates(typed, facts),
  ];
}

/** `rows[0].name` where `rows[3].` was typed is `rows[3].name`. */
function withRowsOf(typed: string, path: string): string {
  const rows = [...typed.matchAll(/\[\d+\]/g)].map(([row]) => row);
  return path.replaceAll("[0]", () => rows.shift() ?? "[0]");
}

async function fileCandidates(typed: string, facts: Facts): Promise<readonly Candidate[]> {
  // What a shell makes of these, it knows itself.
  if (/^~|[$`]/.test(typed)) return [];
  const folder = typed.slice(0, typed.lastIndexOf("/") + 1);
  const isHiddenWanted = typed.slice(folder.length).startsWith(".");
  const files = await known(() => facts.files(folder));
  return files
    .filter(({ name }) => isHiddenWanted || !name.startsWith("."))
    .map(({ name, isDirectory }) => ({
      text: `${folder}${name}${isDirectory ? "/" : ""}`,
      description: "",
      isWhole: !isDirectory,
    }));
}

/** Completion never complains: a platform that does not answer knows nothing. */
async function known<T>(ask: () => Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await ask();
  } catch {
    return [];
  }
}

function named({ name, description }: Named): Candidate {
  return whole(name, description);
}

function whole(text: string, description: string): Candidate {
  return { text, description: tidy(description), isWhole: true };
}

function tidy(description: string): string {
  return oneLine(description.replaceAll(/\s+/g, " ").trim());
}
