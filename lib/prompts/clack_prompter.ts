/** Asks on a real terminal. Loaded only when there is somebody to ask. */

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
import { Cancelled, type Choice, type Prompter, type TextOptions, type Validate } from "./prompter.ts";
import { fitsSearch } from "./choices.ts";

/** The conversation goes to stderr: stdout is for answers. */
export function clackPrompter({ mayColor }: { readonly mayColor: boolean }): Prompter {
  const output = mayColor ? process.stderr : colorless(process.stderr);
  const prompter: Prompter = {
    async choose(message, choices, { initial } = {}) {
      const options = choices.map(optionOf);
      const initialIndex = choices.findIndex(({ value }) => value === initial);
      const chosen = await autocomplete({
        message,
        options,
        output,
        maxItems: 12,
        filter: (search, { label }) => fitsSearch(search, label ?? ""),
        ...(initialIndex === -1 ? {} : { initialValue: initialIndex }),
      });
      return at(choices, answered(chosen));
    },
    async chooseMany(message, choices, { initial, isRequired }) {
      const chosen = await autocompleteMultiselect({
        message,
        options: choices.map(optionOf),
        output,
        maxItems: 12,
        required: isRequired,
        filter: (search, { label }) => fitsSearch(search, label ?? ""),
        initialValues: choices.flatMap(({ value }, index) => initial.includes(value) ? [index] : []),
      });
      return answered(chosen).map((index) => at(choices, index));
    },
    text: async (message, options = {}) => answered(await text({ message, output, ...textOptions(options) })) ?? "",
    multiline: async (message, options = {}) =>
      answered(await multiline({ message, output, ...textOptions(options) })) ?? "",
    secret: async (message, { validate } = {}) =>
      answered(await password({ message, output, ...checking(validate) })) ?? "",
    confirm: async (message, { initial }) => answered(await confirm({ message, output, initialValue: initial })),
    file: async (message, { initial, validate }) =>
      answered(
        await path({
          message,
          output,
          ...(initial === undefined ? {} : { initialValue: initial }),
          ...checking(validate),
        }),
      ),
    say: (words) => log.message(words, { output }),
  };
  return prompter;
}

/** Older runtimes colour whatever NO_COLOR says: the same stream, with colours dropped on the way. */
function colorless(stream: typeof process.stderr): typeof process.stderr {
  const plain: typeof process.stderr = Object.create(stream);
  plain.write = (chunk: string | Uint8Array) =>
    stream.write(typeof chunk === "string" ? chunk.replace(COLOR, "") : chunk);
  return plain;
}

/** Foreground and background; reverse and dim are no colours, and show where the cursor is. */
// deno-lint-ignore no-control-regex -- naming them is the point
const COLOR = /\u001b\[(?:3\d|4\d|9\d|10\d)(?:;\d+)*m/g;

function optionOf<Value>({ label, hint }: Choice<Value>, index: number) {
  return { value: index, label, ...(hint === undefined ? {} : { hint }) };
}

/** What a prompt answers with when it was left. */
type Left = Extract<Awaited<ReturnType<typeof confirm>>, symbol>;

function answered<Answer>(answer: Answer | Left): Answer {
  if (isDetached(answer)) throw new Cancelled("Left by the person who was asked");
  return answer;
}

function isDetached<Answer>(answer: Answer | Left): answer is Left {
  return isCancel(answer);
}

function at<Value>(choices: readonly Choice<Value>[], index: number): Value {
  const choice = choices[index];
  if (choice === undefined) throw new TypeError(`There is no choice ${index}`);
  return choice.value;
}

function textOptions({ initial, placeholder, validate }: TextOptions) {
  return {
    ...(initial === undefined ? {} : { initialValue: initial }),
    ...(placeholder === undefined ? {} : { placeholder }),
    ...checking(validate),
  };
}

function checking(validate: Validate | undefined) {
  return validate === undefined ? {} : { validate: (answer: string | undefined) => validate(answer ?? "") };
}
