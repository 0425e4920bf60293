/** Determines what to complete at the cursor, from the words before it and the arguments of the command. Pure. */

import type { Args, ArgSchema } from "../../deps/gunshi.ts";
import { choicesOf, kebabOptionName, optionTakesValue } from "../argv.ts";

export type CompletionTarget =
  | { readonly type: "commands" }
  | { readonly type: "options"; readonly options: readonly OptionName[] }
  | { readonly type: "values"; readonly values: readonly (readonly [value: string, description: string])[] }
  | { readonly type: "workflows" }
  | { readonly type: "runs"; readonly which: "any" | "running" }
  | { readonly type: "presets"; readonly workflow: string }
  | { readonly type: "inputs"; readonly workflow: string | undefined }
  | { readonly type: "contexts" }
  | { readonly type: "files" };

export interface OptionName {
  readonly text: string;
  readonly description: string;
}

export interface CommandLineCursor {
  /** The part of the current word that stays, like `--preset=`. */
  readonly prefix: string;
  /** `undefined` when there is nothing to complete. */
  readonly target: CompletionTarget | undefined;
}

export interface CommandArgs {
  readonly name: string;
  readonly args: Args;
}

export interface TypedWords {
  /** Without the name of the command. */
  readonly before: readonly string[];
  /** The word at the cursor. */
  readonly current: string;
}

export interface ParsedWords {
  readonly positionals: readonly string[];
  /** The last value of each option, by its key in `Args`; an empty string for a switch. */
  readonly options: ReadonlyMap<string, string>;
  /** The option whose value comes next. */
  readonly pendingOption: string | undefined;
  /** Whether `--` ended the options. */
  readonly areOptionsEnded: boolean;
}

/** The index of the command's name; `undefined` when it was not typed yet. */
export function commandIndex(words: readonly string[], common: Args): number | undefined {
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    const key = optionKey(common, word);
    if (key !== undefined && !word.includes("=") && optionTakesValue(common[key] ?? SWITCH)) index++;
    else if (!word.startsWith("-")) return index;
  }
  return undefined;
}

export function findCommandLineCursor({ name, args }: CommandArgs, { before, current }: TypedWords): CommandLineCursor {
  const parsed = parseWords(args, before);
  const value = (key: string, prefix: string): CommandLineCursor => ({
    prefix,
    target: valueTarget({ name, key, schema: args[key] ?? SWITCH, parsed }),
  });
  if (parsed.pendingOption !== undefined) return value(parsed.pendingOption, "");
  if (!parsed.areOptionsEnded && current.startsWith("-")) {
    const [, prefix = "", option = ""] = /^((--[^=]+)=)/.exec(current) ?? /^((-[^-])=?)./.exec(current) ?? [];
    const key = optionKey(args, option);
    if (key !== undefined && optionTakesValue(args[key] ?? SWITCH)) return value(key, prefix);
    return { prefix: "", target: unusedOptions(args, parsed) };
  }
  const target = positionalTarget(name, parsed.positionals);
  const isOptionNext = target === undefined && current === "" && !parsed.areOptionsEnded;
  return { prefix: "", target: isOptionNext ? unusedOptions(args, parsed) : target };
}

/** Parses the words before the cursor and skips unknown options. */
export function parseWords(args: Args, before: readonly string[]): ParsedWords {
  const positionals: string[] = [];
  const options = new Map<string, string>();
  let pendingOption: string | undefined;
  let areOptionsEnded = false;
  for (const word of before) {
    if (pendingOption !== undefined) {
      options.set(pendingOption, word);
      pendingOption = undefined;
    } else if (areOptionsEnded || !word.startsWith("-") || word === "-") positionals.push(word);
    else if (word === "--") areOptionsEnded = true;
    else {
      const key = optionKey(args, word);
      if (key === undefined) continue;
      const inline = /^(?:--[^=]+=|-[^-]=?)([^]+)$/.exec(word)?.[1];
      options.set(key, inline ?? "");
      if (inline === undefined && optionTakesValue(args[key] ?? SWITCH)) pendingOption = key;
    }
  }
  return { positionals, options, pendingOption, areOptionsEnded };
}

const SWITCH: ArgSchema = { type: "boolean" };

function optionKey(args: Args, word: string): string | undefined {
  const name = word.startsWith("--") ? word.split("=")[0] : word.slice(0, 2);
  return Object.keys(args).find((key) => {
    const schema = args[key];
    if (schema === undefined || schema.type === "positional") return false;
    return kebabOptionName(key) === name || (schema.short !== undefined && `-${schema.short}` === name);
  });
}

function unusedOptions(args: Args, { options }: ParsedWords): CompletionTarget {
  return {
    type: "options",
    options: Object.entries(args)
      .filter(([key, { type, multiple }]) => type !== "positional" && (multiple === true || !options.has(key)))
      .map(([key, { description = "" }]) => ({ text: kebabOptionName(key), description })),
  };
}

function valueTarget(
  { name, key, schema, parsed }: {
    readonly name: string;
    readonly key: string;
    readonly schema: ArgSchema;
    readonly parsed: ParsedWords;
  },
): CompletionTarget | undefined {
  const choices = choicesOf(schema);
  if (choices.length > 0) return { type: "values", values: choices.map((choice) => [choice, ""]) };
  const workflow = workflowOf(name, parsed);
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

/** The workflow that the command line names; `undefined` when it names none. */
function workflowOf(name: string, { positionals, options }: ParsedWords): string | undefined {
  if (name === "run") return positionals[0];
  if (name === "inputs") return positionals[1];
  return options.get("workflow");
}

const SHELLS = [["bash", ""], ["zsh", ""], ["fish", ""]] as const;
const INPUTS_ACTIONS = [
  ["new", "create an input file to fill in"],
  ["schema", "print a JSON Schema, for editors"],
  ["explain", "show the inputs to submit and their sources"],
] as const;
const AUTH_ACTIONS = [["status", "show which API key is used"]] as const;
const WORKSPACE_ACTIONS = [
  ["status", "show whether it is running"],
  ["start", "start it if it is not running"],
  ["restart", "restart it in any case"],
] as const;
const HISTORY_ACTIONS = [["show", "show a run with its inputs"], ["prune", "remove old finished runs"]] as const;

/** The target for the next positional; `undefined` when there is none, or its values are unknown. */
function positionalTarget(name: string, positionals: readonly string[]): CompletionTarget | undefined {
  const [first, ...others] = positionals;
  const isFirst = first === undefined;
  switch (name) {
    case "help":
      return isFirst ? { type: "commands" } : undefined;
    case "show":
    case "run":
    case "runs":
      return isFirst ? { type: "workflows" } : undefined;
    case "inputs":
      if (isFirst) return { type: "values", values: INPUTS_ACTIONS };
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
      if (isFirst) return { type: "values", values: HISTORY_ACTIONS };
      return first === "show" && others.length === 0 ? { type: "runs", which: "any" } : undefined;
    case "auth":
      return isFirst ? { type: "values", values: AUTH_ACTIONS } : undefined;
    case "workspace":
      return isFirst ? { type: "values", values: WORKSPACE_ACTIONS } : undefined;
    case "completions":
      return isFirst ? { type: "values", values: SHELLS } : undefined;
    default:
      return undefined;
  }
}
