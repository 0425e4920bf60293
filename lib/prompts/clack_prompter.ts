/** Prompts on a terminal. Loaded only in interactive mode. */

import {
  PromptCancelled,
  type PromptChoice,
  type Prompter,
  type PromptValidator,
  type TextPromptOptions,
} from "./prompter.ts";
import { matchesSearch } from "./choices.ts";

type Clack = typeof import("../deps/clack.ts");

/** Prompts go to stderr, because stdout is for results. Loads the package with the first prompter. */
export async function clackPrompter({ mayColor }: { readonly mayColor: boolean }): Promise<Prompter> {
  const [clack, { default: process }] = await Promise.all([import("../deps/clack.ts"), import("node:process")]);
  const { autocomplete, autocompleteMultiselect, confirm, isCancel, log, multiline, password, path, text } = clack;
  const output = mayColor ? process.stderr : colorless(process.stderr);

  /** @throws PromptCancelled when the user cancelled the prompt. */
  function answerOf<Answer>(answer: Answer | CancelSymbol): Answer {
    if (isCancelled(answer)) throw new PromptCancelled("The prompt was cancelled");
    return answer;
  }

  function isCancelled<Answer>(answer: Answer | CancelSymbol): answer is CancelSymbol {
    return isCancel(answer);
  }

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
        // Enter selects nothing while no choice matches the search.
        validate: (index) => index === undefined ? "Nothing matches: change the search" : undefined,
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
    async text(message, options = {}) {
      using paste = watchPaste(process.stdin, AFTER_LINE);
      const validate = refusingPaste(paste, ONE_LINE, options.validate);
      return answerOf(await text({ message, output, ...textOptions({ ...options, validate }) })) ?? "";
    },
    async multiline(message, options = {}) {
      using paste = watchPaste(process.stdin, AFTER_EMPTY_LINE);
      const validate = refusingPaste(
        paste,
        "An empty line in the pasted text ends it here: check it",
        options.validate,
      );
      return answerOf(await multiline({ message, output, ...textOptions({ ...options, validate }) })) ?? "";
    },
    async secret(message, { validate } = {}) {
      using paste = watchPaste(process.stdin, AFTER_LINE);
      const refusing = refusingPaste(paste, ONE_LINE, validate);
      return answerOf(await password({ message, output, ...validateOption(refusing) })) ?? "";
    },
    confirm: async (message, { initial }) => answerOf(await confirm({ message, output, initialValue: initial })),
    // An empty root, because what is typed is appended to it.
    file: async (message) => answerOf(await path({ message, output, root: "" })),
    note: (message) => log.message(message, { output }),
  };
  return prompter;
}

const AFTER_LINE = /[\r\n][^\r\n]/;
const AFTER_EMPTY_LINE = /(?:\r\n?|\n){2}[^\r\n]/;
const ONE_LINE = "Several lines were pasted, and only one fits here: check the text";

interface Paste extends Disposable {
  /** Whether the keys that were read last match: the prompt would end within them, and drop the rest. */
  isCut(): boolean;
}

function watchPaste(input: Input, pattern: RegExp): Paste {
  let isCut = false;
  const onData = (keys: Uint8Array | string) => {
    isCut = pattern.test(typeof keys === "string" ? keys : new TextDecoder().decode(keys));
  };
  // Before the prompt reads the same keys.
  input.prependListener("data", onData);
  return { isCut: () => isCut, [Symbol.dispose]: () => void input.off("data", onData) };
}

interface Input {
  prependListener(event: "data", listener: (chunk: Uint8Array | string) => void): unknown;
  off(event: "data", listener: (chunk: Uint8Array | string) => void): unknown;
}

function refusingPaste(
  paste: Paste,
  message: string,
  validate: PromptValidator = () => undefined,
): PromptValidator {
  return (answer) => paste.isCut() ? message : validate(answer);
}

/** The same stream without colors. Needed because older runtimes ignore NO_COLOR. */
function colorless<Stream extends Writable>(stream: Stream): Stream {
  const plain: Stream = Object.create(stream);
  plain.write = (chunk: string | Uint8Array) =>
    stream.write(typeof chunk === "string" ? chunk.replace(COLOR, "") : chunk);
  return plain;
}

interface Writable {
  write(chunk: string | Uint8Array): boolean;
}

/** Foreground and background colors. Reverse and dim stay: they show where the cursor is. */
// deno-lint-ignore no-control-regex -- matches escape sequences
const COLOR = /\u001b\[(?:3\d|4\d|9\d|10\d)(?:;\d+)*m/g;

function optionOf<Value>({ label, hint }: PromptChoice<Value>, index: number) {
  return { value: index, label, ...(hint === undefined ? {} : { hint }) };
}

/** The value that a cancelled prompt returns. */
type CancelSymbol = Extract<Awaited<ReturnType<Clack["confirm"]>>, symbol>;

function valueAt<Value>(choices: readonly PromptChoice<Value>[], index: number): Value {
  const choice = choices[index];
  if (choice === undefined) throw new TypeError(`There is no choice ${index}`);
  return choice.value;
}

function textOptions({ initial, fallback, placeholder = fallback, validate }: TextPromptOptions) {
  return {
    ...(initial === undefined ? {} : { initialValue: initial }),
    ...(placeholder === undefined ? {} : { placeholder }),
    ...(fallback === undefined ? {} : { defaultValue: fallback }),
    ...validateOption(validate),
  };
}

function validateOption(validate: PromptValidator | undefined) {
  return validate === undefined ? {} : { validate: (answer: string | undefined) => validate(answer ?? "") };
}
