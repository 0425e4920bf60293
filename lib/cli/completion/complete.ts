/**
 * What the shells' scripts ask: `__complete SHELL -- …` answers with words, one a line, and never complains.
 *
 * Ours and not `@bomb.sh/tab`, which gunshi's plugin is made of: there a candidate is found without waiting, so that none
 * can come from a platform; files are never completed beside words, nor is the space after `name=` left out; and its
 * script for bash hands both the typed line and the candidates to `eval` and `compgen -W`, so that Tab runs what stands
 * in a workflow's name as `$(…)`. The scripts here put no word of either into code.
 */

import type { Args } from "../../deps/gunshi.ts";
import { type Command, COMMON_ARGS } from "../command.ts";
import type { Context } from "../context.ts";
import { EXIT_CODES } from "../exit_codes.ts";
import { withDotenv } from "../settings.ts";
import { type BashLine, readBashLine } from "./bash_line.ts";
import { type Candidate, candidatesOf, type Named } from "./candidates.ts";
import { factsOf } from "./facts.ts";
import { commandIndex, placeIn, readGiven, type Spot } from "./place.ts";
import { replyForBash, replyForFish, replyForZsh, SHELL_FILES } from "./reply.ts";

/** A command that is loaded when its options are asked for. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  load(): Promise<Command>;
}

/** Answers a shell's question. Never throws, and says nothing where there is nothing to say. */
export async function complete(context: Context, entries: readonly CommandEntry[]): Promise<number> {
  try {
    const lines = await answer(await withDotenv(context), entries);
    if (lines.length > 0) context.stdout.write(lines.map((line) => `${line}\n`).join(""));
  } catch {
    // Whatever is wrong, the command itself will say it: in the middle of a line is no place to.
  }
  return EXIT_CODES.completed;
}

async function answer(context: Context, entries: readonly CommandEntry[]): Promise<readonly string[]> {
  const [shell, ...words] = wordsAfter(context.args);
  switch (shell) {
    case "bash": {
      const [text = "", breaks = ""] = words;
      const line = readBashLine(text, breaks);
      if (line.isRedirect) return [SHELL_FILES];
      const [, ...before] = line.words;
      return await reply(context, entries, { before, current: line.current }, (found) => replyForBash(found, line));
    }
    case "zsh":
      return await reply(context, entries, typedWords(words), replyForZsh);
    case "fish": {
      // Fish hands over the last word as it was typed: its quotes are much like those of bash.
      const { before, current } = typedWords(words);
      return await reply(context, entries, { before, current: unquoted(current) }, replyForFish);
    }
    default:
      return [];
  }
}

interface Typed {
  readonly before: readonly string[];
  readonly current: string;
}

async function reply(
  context: Context,
  entries: readonly CommandEntry[],
  typed: Typed,
  render: (candidates: readonly Candidate[]) => readonly string[],
): Promise<readonly string[]> {
  const { head, place } = await spotOf(entries, typed);
  if (place === undefined) return [];
  const { options } = readGiven(COMMON_ARGS, typed.before);
  const commands: readonly Named[] = [
    ...entries.map(({ name, summary }) => ({ name, description: summary })),
    { name: "help", description: "what the commands take" },
  ];
  const facts = factsOf(context, { commands, context: options.get("context"), cacert: options.get("cacert") });
  const found = await candidatesOf(place, typed.current.slice(head.length), facts);
  const candidates = found.map((candidate) => ({ ...candidate, text: `${head}${candidate.text}` }));
  const isFileWelcome = place.type === "files" || place.type === "inputs";
  if (isFileWelcome && !candidates.some(({ text }) => text.startsWith(typed.current))) return [SHELL_FILES];
  return render(candidates);
}

const WITHOUT_COMMAND: Args = { ...COMMON_ARGS, version: { type: "boolean", description: "Show the version" } };

async function spotOf(entries: readonly CommandEntry[], { before, current }: Typed): Promise<Spot> {
  const index = commandIndex(before, COMMON_ARGS);
  if (index === undefined) {
    const spot = placeIn({ name: "", args: WITHOUT_COMMAND }, { before, current });
    const isWord = !current.startsWith("-") && readGiven(COMMON_ARGS, before).waiting === undefined;
    return isWord ? { head: "", place: { type: "commands" } } : spot;
  }
  const name = before[index] ?? "";
  const others = before.toSpliced(index, 1);
  if (name === "help") return placeIn({ name, args: COMMON_ARGS }, { before: others, current });
  const entry = entries.find((candidate) => candidate.name === name);
  if (entry === undefined) return { head: "", place: undefined };
  const { args } = await entry.load();
  return placeIn({ name, args }, { before: others, current });
}

/** `__complete SHELL -- WORD…`: the shell, then the words. */
function wordsAfter(args: readonly string[]): readonly string[] {
  const end = args.indexOf("--");
  return end === -1 ? [] : [args[end - 1] ?? "", ...args.slice(end + 1)];
}

function typedWords(words: readonly string[]): Typed {
  return { before: words.slice(0, -1), current: words.at(-1) ?? "" };
}

function unquoted(word: string): string {
  const { words, current }: BashLine = readBashLine(word, "");
  return words.length === 0 ? current : word;
}
