/** Prompts on a terminal. Loaded only in interactive mode. */

import process from "node:process";
import {
  autocomplete,
  autocompleteMultiselect,
  confirm,
  isCancel,
  log,
  multiline,
  password,
  path,
  text,
} from "../deps/clack.ts";
import {
  PromptCancelled,
  type PromptChoice,
  type Prompter,
  type PromptValidator,
  type TextPromptOptions,
} from "./prompter.ts";
import { matchesSearch } from "./choices.ts";

/** Prompts go to stderr, because stdout is for results. */
export function clackPrompter({ mayColor }: { readonly mayColor: boolean }): Prompter {
  const output = mayColor ? process.stderr : colorless(process.stderr);
  const prompter: Prompter = {
    async choose(message, choices, { initial } = {}) {
      const options = choices.map(optionOf);
      const initialIndex = choices.findIndex(({ value }) => value === initial);
      const selected = await autocomplete({
        message,
        options,
        output,
        maxItems: 12,
        filter: (search, { label }) => matchesSearch(search, label ?? ""),
        ...(initialIndex === -1 ? {} : { initialValue: initialIndex }),
      });
      return valueAt(choices, answerOf(selected));
    },
    async chooseMany(message, choices, { initial, isRequired }) {
      const selected = await autocompleteMultiselect({
        message,
        options: choices.map(optionOf),
        output,
        maxItems: 12,
        required: isRequired,
        filter: (search, { label }) => matchesSearch(search, label ?? ""),
        initialValues: choices.flatMap(({ value }, index) => initial.includes(value) ? [index] : []),
      });
      return answerOf(selected).map((index) => valueAt(choices, index));
    },
    text: async (message, options = {}) => answerOf(await text({ message, output, ...textOptions(options) })) ?? "",
    multiline: async (message, options = {}) =>
      answerOf(await multiline({ message, output, ...textOptions(options) })) ?? "",
    secret: async (message, { validate } = {}) =>
      answerOf(await password({ message, output, ...validateOption(validate) })) ?? "",
    confirm: async (message, { initial }) => answerOf(await confirm({ message, output, initialValue: initial })),
    file: async (message, { initial, validate }) =>
      answerOf(
        await path({
          message,
          output,
          ...(initial === undefined ? {} : { initialValue: initial }),
          ...validateOption(validate),
        }),
      ),
    note: (message) => log.message(message, { output }),
  };
  return prompter;
}

/** The same stream without colors. Needed because older runtimes ignore NO_COLOR. */
function colorless(stream: typeof process.stderr): typeof process.stderr {
  const plain: typeof process.stderr = Object.create(stream);
  plain.write = (chunk: string | Uint8Array) =>
    stream.write(typeof chunk === "string" ? chunk.replace(COLOR, "") : chunk);
  return plain;
}

/** Foreground and background colors. Reverse and dim stay: they show where the cursor is. */
// deno-lint-ignore no-control-regex -- matches escape sequences
const COLOR = /\u001b\[(?:3\d|4\d|9\d|10\d)(?:;\d+)*m/g;

function optionOf<Value>({ label, hint }: PromptChoice<Value>, index: number) {
  return { value: index, label, ...(hint === undefined ? {} : { hint }) };
}

/** The value that a cancelled prompt returns. */
type CancelSymbol = Extract<Awaited<ReturnType<typeof confirm>>, symbol>;

/** @throws Cancelled when the user cancelled the prompt. */
function answerOf<Answer>(answer: Answer | CancelSymbol): Answer {
  if (isCancelled(answer)) throw new PromptCancelled("The prompt was cancelled");
  return answer;
}

function isCancelled<Answer>(answer: Answer | CancelSymbol): answer is CancelSymbol {
  return isCancel(answer);
}

function valueAt<Value>(choices: readonly PromptChoice<Value>[], index: number): Value {
  const choice = choices[index];
  if (choice === undefined) throw new TypeError(`There is no choice ${index}`);
  return choice.value;
}

function textOptions({ initial, placeholder, validate }: TextPromptOptions) {
  return {
    ...(initial === undefined ? {} : { initialValue: initial }),
    ...(placeholder === undefined ? {} : { placeholder }),
    ...validateOption(validate),
  };
}

function validateOption(validate: PromptValidator | undefined) {
  return validate === undefined ? {} : { validate: (answer: string | undefined) => validate(answer ?? "") };
}
