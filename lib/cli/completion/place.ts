/** What may stand at the cursor: told by the words before it and by what the command takes. Pure. */

import type { Args, ArgSchema } from "../../deps/gunshi.ts";
import { optionName, takesValue, wordsOf } from "../argv.ts";

/** What is asked for; where it is to come from is no concern here. */
export type Place =
  | { readonly type: "commands" }
  | { readonly type: "options"; readonly options: readonly OptionWord[] }
  | { readonly type: "words"; readonly words: readonly (readonly [word: string, description: string])[] }
  | { readonly type: "workflows" }
  | { readonly type: "runs"; readonly which: "any" | "running" }
  | { readonly type: "presets"; readonly workflow: string }
  | { readonly type: "inputs"; readonly workflow: string | undefined }
  | { readonly type: "contexts" }
  | { readonly type: "files" };

export interface OptionWord {
  readonly text: string;
  readonly description: string;
}

/** The cursor's place; `head` is what of the current word stays as it is, like `--preset=`. */
export interface Spot {
  readonly head: string;
  readonly place: Place | undefined;
}

/** A command as far as its words go. */
export interface Taking {
  readonly name: string;
  readonly args: Args;
}

/** The words after the command's name, and the one that the cursor stands in. */
export interface Typed {
  readonly before: readonly string[];
  readonly current: string;
}

/** What is known of a command line before the cursor. */
export interface Given {
  readonly words: readonly string[];
  /** The last value of each option that takes one, and an empty text for a switch; by the key it is declared under. */
  readonly options: ReadonlyMap<string, string>;
  /** The option whose value comes next. */
  readonly waiting: string | undefined;
  /** Whether `--` was there: no option comes after it. */
  readonly isEnded: boolean;
}

/** Where the command's name stands; `undefined` where it is still to come. */
export function commandIndex(words: readonly string[], common: Args): number | undefined {
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    const key = optionKey(common, word);
    if (key !== undefined && !word.includes("=") && takesValue(common[key] ?? SWITCH)) index++;
    else if (!word.startsWith("-")) return index;
  }
  return undefined;
}

/** Tells the place among the words of a command; without one, before its name. */
export function placeIn({ name, args }: Taking, { before, current }: Typed): Spot {
  const given = readGiven(args, before);
  const value = (key: string, head: string): Spot => ({
    head,
    place: valuePlace({ name, key, schema: args[key] ?? SWITCH, given }),
  });
  if (given.waiting !== undefined) return value(given.waiting, "");
  if (!given.isEnded && current.startsWith("-")) {
    const [, head = "", option = ""] = /^((--[^=]+)=)/.exec(current) ?? /^((-[^-])=?)./.exec(current) ?? [];
    const key = optionKey(args, option);
    if (key !== undefined && takesValue(args[key] ?? SWITCH)) return value(key, head);
    return { head: "", place: optionsLeft(args, given) };
  }
  const place = wordPlace(name, given.words);
  const isOptionNext = place === undefined && current === "" && !given.isEnded;
  return { head: "", place: isOptionNext ? optionsLeft(args, given) : place };
}

/** Reads the words before the cursor, as far as they can be understood. */
export function readGiven(args: Args, before: readonly string[]): Given {
  const words: string[] = [];
  const options = new Map<string, string>();
  let waiting: string | undefined;
  let isEnded = false;
  for (const word of before) {
    if (waiting !== undefined) {
      options.set(waiting, word);
      waiting = undefined;
    } else if (isEnded || !word.startsWith("-") || word === "-") words.push(word);
    else if (word === "--") isEnded = true;
    else {
      const key = optionKey(args, word);
      if (key === undefined) continue;
      const inline = /^(?:--[^=]+=|-[^-]=?)([^]+)$/.exec(word)?.[1];
      options.set(key, inline ?? "");
      if (inline === undefined && takesValue(args[key] ?? SWITCH)) waiting = key;
    }
  }
  return { words, options, waiting, isEnded };
}

const SWITCH: ArgSchema = { type: "boolean" };

function optionKey(args: Args, word: string): string | undefined {
  const name = word.startsWith("--") ? word.split("=")[0] : word.slice(0, 2);
  return Object.keys(args).find((key) => {
    const schema = args[key];
    if (schema === undefined || schema.type === "positional") return false;
    return optionName(key) === name || (schema.short !== undefined && `-${schema.short}` === name);
  });
}

function optionsLeft(args: Args, { options }: Given): Place {
  return {
    type: "options",
    options: Object.entries(args)
      .filter(([key, { type, multiple }]) => type !== "positional" && (multiple === true || !options.has(key)))
      .map(([key, { description = "" }]) => ({ text: optionName(key), description })),
  };
}

function valuePlace(
  { name, key, schema, given }: {
    readonly name: string;
    readonly key: string;
    readonly schema: ArgSchema;
    readonly given: Given;
  },
): Place | undefined {
  const words = wordsOf(schema);
  if (words.length > 0) return { type: "words", words: words.map((word) => [word, ""]) };
  const workflow = workflowOf(name, given);
  switch (key) {
    case "input":
      return { type: "inputs", workflow };
    case "preset":
      return workflow === undefined ? undefined : { type: "presets", workflow };
    case "workflow":
      return { type: "workflows" };
    case "context":
      return { type: "contexts" };
    default:
      return schema.metavar === "FILE" || schema.metavar === "PATH" ? { type: "files" } : undefined;
  }
}

/** The workflow that a command line is about, where it has named one. */
function workflowOf(name: string, { words, options }: Given): string | undefined {
  if (name === "run") return words[0];
  if (name === "inputs") return words[1];
  return options.get("workflow");
}

const SHELLS = [["bash", ""], ["zsh", ""], ["fish", ""]] as const;
const INPUTS_ACTIONS = [
  ["new", "a file to fill in"],
  ["schema", "a JSON Schema, for editors"],
  ["explain", "what would be sent, and where it comes from"],
] as const;
const HISTORY_ACTIONS = [["show", "one of them, with its inputs"], ["prune", "forget what is over and older"]] as const;

/** What a command takes as its next word; `undefined` for no more words, and for one that nobody can know. */
function wordPlace(name: string, words: readonly string[]): Place | undefined {
  const [first, ...others] = words;
  const isFirst = first === undefined;
  switch (name) {
    case "help":
      return isFirst ? { type: "commands" } : undefined;
    case "show":
    case "run":
    case "runs":
      return isFirst ? { type: "workflows" } : undefined;
    case "inputs":
      if (isFirst) return { type: "words", words: INPUTS_ACTIONS };
      return others.length === 0 ? { type: "workflows" } : undefined;
    case "status":
    case "logs":
    case "errors":
    case "rerun":
      return isFirst ? { type: "runs", which: "any" } : undefined;
    case "watch":
      return { type: "runs", which: "any" };
    case "cancel":
      return { type: "runs", which: "running" };
    case "history":
      if (isFirst) return { type: "words", words: HISTORY_ACTIONS };
      return first === "show" && others.length === 0 ? { type: "runs", which: "any" } : undefined;
    case "completions":
      return isFirst ? { type: "words", words: SHELLS } : undefined;
    default:
      return undefined;
  }
}
