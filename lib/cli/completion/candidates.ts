import { oneLine } from "../../escape.ts";
import type { Choices } from "../argv.ts";
import type { CompletionSources } from "./sources.ts";
import type { CompletionTarget } from "./target.ts";

export interface Candidate {
  readonly text: string;
  /** One line without control characters; may be empty. */
  readonly description: string;
  /** Whether a space follows. */
  readonly isComplete: boolean;
}

/**
 * All candidates for the target, whether or not they start with the typed text: each shell has its own matching. Files
 * come from the typed folder only. A source that fails contributes no candidates.
 *
 * @param typed The typed part of the word, after the target's prefix.
 */
export async function findCompletionCandidates(
  target: CompletionTarget,
  typed: string,
  sources: CompletionSources,
): Promise<readonly Candidate[]> {
  const candidates = await candidatesFor(target, typed, sources).catch(() => []);
  // A name with control characters can't be inserted safely.
  return candidates.filter(({ text }) => text !== "" && oneLine(text) === text);
}

async function candidatesFor(target: CompletionTarget, typed: string, sources: CompletionSources) {
  switch (target.type) {
    case "choices":
      return choiceCandidates(target.choices);
    case "workflow":
      return (await sources.workflows()).map(completeCandidate);
    case "run":
    case "running-run": {
      const runs = await sources.runs();
      const last = { name: "last", description: "the latest run started on this machine" };
      if (runs.length === 0) return [];
      const mark = /[#:](?=\d*$)/.exec(typed)?.[0];
      const matching = runs
        .filter(({ status }) => target.type === "run" || status === "running")
        .map(({ name, numbered, status }) =>
          mark === undefined && name !== numbered
            ? { name, description: `${numbered} ${status}` }
            : { name: numbered.replace(/#(?=\d*$)/, mark ?? "#"), description: status }
        );
      return [...matching, last].map(completeCandidate);
    }
    case "batch":
      return (await sources.batches()).map(completeCandidate);
    case "preset":
      return (await sources.presets(target.workflow ?? "")).map(completeCandidate);
    case "input":
    case "input-value":
      return await inputCandidates(target, typed, sources);
    case "context":
      return (await sources.contexts()).map((name) => completeCandidate({ name }));
    case "file":
      return [...choiceCandidates(target.actions ?? {}), ...await fileCandidates(typed, sources)];
  }
}

function choiceCandidates(choices: Choices): readonly Candidate[] {
  return Object.entries(choices).map(([name, description]) => ({
    ...completeCandidate({ name, description }),
    isComplete: !name.endsWith("="),
  }));
}

/** Whether the word can be, or end with, the path of a file. */
export function allowsFiles({ type }: CompletionTarget, typed: string): boolean {
  return type === "file" || (type === "input" && !/^[^./~][^=]*=(?!@)/.test(typed));
}

/** Before the `=` paths and files, after it values; files after `@`. */
async function inputCandidates(
  target: CompletionTarget & { readonly workflow: string | undefined },
  typed: string,
  sources: CompletionSources,
): Promise<readonly Candidate[]> {
  const [, prefix, path, colon, value = ""] = /^((.+?)(:?)=)([^]*)$/.exec(typed) ?? [];
  if (prefix !== undefined && value.startsWith("@")) {
    const files = await fileCandidates(value.slice(1), sources);
    return files.map((file) => ({ ...file, text: `${prefix}@${file.text}` }));
  }
  const { workflow } = target;
  const fields = workflow === undefined ? [] : await sources.inputs(workflow).catch(() => []);
  const inputs = fields.map((field) => ({ ...field, path: withTypedRows(field.path, typed) }));
  if (prefix !== undefined) {
    // A value after `:=` is JSON, where strings need quotes.
    const values = colon === ":" ? [] : inputs.find((input) => input.path === path)?.values ?? [];
    return values.map((text) => completeCandidate({ name: `${prefix}${text}` }));
  }
  return [
    ...inputs.map(({ path, description }) => ({
      ...completeCandidate({ name: `${path}=`, description }),
      isComplete: false,
    })),
    ...allowsFiles(target, typed) ? await fileCandidates(typed, sources) : [],
  ];
}

/** Rewrites `rows[0].name` to `rows[3].name` when `rows[3].` was typed. */
function withTypedRows(path: string, typed: string): string {
  const rows = [...typed.matchAll(/\[\d+\]/g)].map(([row]) => row);
  return path.replaceAll("[0]", () => rows.shift() ?? "[0]");
}

async function fileCandidates(typed: string, sources: CompletionSources): Promise<readonly Candidate[]> {
  // Only the shell can expand these.
  if (/^~|[$`]/.test(typed)) return [];
  const folder = typed.slice(0, typed.lastIndexOf("/") + 1);
  const includesHidden = typed.slice(folder.length).startsWith(".");
  const files = await sources.files(folder).catch(() => []);
  return files
    .filter(({ name }) => includesHidden || !name.startsWith("."))
    .map(({ name, isDirectory }) => ({
      text: `${folder}${name}${isDirectory ? "/" : ""}`,
      description: "",
      isComplete: !isDirectory,
    }));
}

function completeCandidate({ name, description = "" }: { readonly name: string; readonly description?: string }) {
  return { text: name, description: oneLine(description.replaceAll(/\s+/g, " ").trim()), isComplete: true };
}
