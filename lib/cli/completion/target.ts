/** Determines what to complete at the cursor, from the words before it and the arguments of the command. Pure. */

import {
  type Args,
  type ArgSchema,
  argumentsOf,
  type Choices,
  type Completes,
  kebabOptionName,
  type ScannedLine,
  scanWords,
} from "../argv.ts";

export type CompletionTarget =
  /** Each text with its description. */
  | { readonly type: "choices"; readonly choices: Choices }
  /** Names of the platform or of this machine; inputs and presets are those of the workflow. An action may replace a name. */
  | { readonly type: Completes; readonly workflow: string | undefined; readonly actions?: Choices };

export interface CommandLineCursor {
  /** The part of the current word that stays, like `--preset=`. */
  readonly prefix: string;
  /** `undefined` when there is nothing to complete. */
  readonly target: CompletionTarget | undefined;
}

export interface TypedWords {
  /** Without the name of the command. */
  readonly before: readonly string[];
  /** The word at the cursor. */
  readonly current: string;
}

/** @param forms Of the command, where its actions replace an argument. */
export function findCommandLineCursor(
  args: Args,
  { before, current }: TypedWords,
  forms: Choices = {},
): CommandLineCursor {
  const line = scanWords(args, before);
  const workflow = workflowOf(args, line);
  if (line.pendingOption !== undefined) return valueCursor(args[line.pendingOption], workflow, { value: current });
  if (!line.areOptionsEnded && current.startsWith("-")) {
    const [, prefix = "", option = ""] = /^((--[^=]+)=)/.exec(current) ?? /^((-[^-])=?)./.exec(current) ?? [];
    const [key] = scanWords(args, [option]).options.map(({ key }) => key);
    if (key !== undefined && args[key]?.type === "option") {
      return valueCursor(args[key], workflow, { prefix, value: current.slice(prefix.length) });
    }
    return { prefix: "", target: unusedOptions(args, line) };
  }
  const target = withActions(targetOf(nextArgument(args, line), workflow), line, forms);
  const isOptionNext = target === undefined && current === "" && !line.areOptionsEnded;
  return { prefix: "", target: isOptionNext ? unusedOptions(args, line) : target };
}

/** The value of an option. */
function valueCursor(
  schema: ArgSchema | undefined,
  workflow: string | undefined,
  { prefix = "", value }: { readonly prefix?: string; readonly value: string },
): CommandLineCursor {
  const [form = ""] = /^\w+=/.exec(value) ?? [];
  if (schema?.suggestions?.[form] !== undefined) return { prefix: prefix + form, target: { type: "file", workflow } };
  return { prefix, target: targetOf(schema, workflow) };
}

function targetOf(schema: ArgSchema | undefined, workflow: string | undefined): CompletionTarget | undefined {
  const choices = schema?.parse?.choices ?? schema?.suggestions;
  if (choices !== undefined) return { type: "choices", choices };
  if (schema?.completes === undefined || (schema.completes === "preset" && workflow === undefined)) return undefined;
  return { type: schema.completes, workflow };
}

/** The actions come first; what follows one is what its form names. */
function withActions(
  target: CompletionTarget | undefined,
  { positionals: [first, second] }: ScannedLine,
  forms: Choices,
): CompletionTarget | undefined {
  const actions = Object.entries(forms).map(([form, description]) => ({ words: form.split(" "), description }));
  if (target === undefined || target.type === "choices" || actions.length === 0) return target;
  if (first === undefined) {
    return { ...target, actions: Object.fromEntries(actions.map(({ words, description }) => [words[0], description])) };
  }
  const given = actions.find(({ words }) => words[0] === first.text);
  if (given?.words[1] === "BATCH" && second === undefined) return { ...target, type: "batch" };
  return given === undefined || given.words.includes("FILE…") ? target : undefined;
}

function unusedOptions(args: Args, { options }: ScannedLine): CompletionTarget {
  const unused = Object.entries(args).filter(([key, { type, multiple }]) =>
    type !== "argument" && (multiple === true || !options.some((option) => option.key === key))
  );
  return {
    type: "choices",
    choices: Object.fromEntries(unused.map(([key, { description = "" }]) => [kebabOptionName(key), description])),
  };
}

/** The argument or option `workflow`, if it was typed. */
function workflowOf(args: Args, { positionals, options }: ScannedLine): string | undefined {
  const index = argumentsOf(args).findIndex(([key]) => key === "workflow");
  return index === -1 ? options.findLast(({ key }) => key === "workflow")?.value : positionals[index]?.text;
}

function nextArgument(args: Args, { positionals }: ScannedLine): ArgSchema | undefined {
  const schemas = argumentsOf(args).map(([, schema]) => schema);
  const last = schemas.at(-1);
  const next = schemas[positionals.length] ?? (last?.multiple === true ? last : undefined);
  const isPossible = next?.onlyAfter === undefined || positionals.at(-1)?.text === next.onlyAfter;
  return isPossible ? next : undefined;
}
