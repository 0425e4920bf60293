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
type Input = typeof import("node:process").stdin;

/** Prompts go to stderr, because stdout is for results. Loads the package with the first prompter. */
export async function clackPrompter({ mayColor, wrap = (text) => text }: {
  readonly mayColor: boolean;
  /** Wraps a note for the terminal: the package does so for prompts only. */
  readonly wrap?: (text: string) => string;
}): Promise<Prompter> {
  const [clack, { default: process }] = await Promise.all([import("../deps/clack.ts"), import("node:process")]);
  const { autocomplete, autocompleteMultiselect, confirm, isCancel, log, multiline, password, path, text } = clack;
  const output = mayColor ? process.stderr : colorless(process.stderr);

  /** @throws PromptCancelled when the user cancelled the prompt. */
  async function ask<Answer>(prompt: Promise<Answer | CancelSymbol>): Promise<Answer> {
    using _end = cancelAtEnd(process.stdin);
    const answer = await prompt;
    if (isCancel(answer)) throw new PromptCancelled("The prompt was cancelled");
    return answer;
  }

  return {
    async choose(message, choices, { initial } = {}) {
      const options = choices.map(optionOf);
      const initialIndex = choices.findIndex(({ value }) => value === initial);
      const selected = await ask(
        autocomplete({
          output,
          message,
          options,
          maxItems: 12,
          filter: (search, { label }) => matchesSearch(search, label ?? ""),
          // Enter selects nothing while no choice matches the search.
          validate: (index) => index === undefined ? "Nothing matches: change the search" : undefined,
          ...(initialIndex === -1 ? {} : { initialValue: initialIndex }),
        }),
      );
      return valueAt(choices, selected);
    },
    async chooseMany(message, choices, { initial, isRequired }) {
      const selected = await ask(
        autocompleteMultiselect({
          output,
          message,
          options: choices.map(optionOf),
          maxItems: 12,
          required: isRequired,
          filter: (search, { label }) => matchesSearch(search, label ?? ""),
          initialValues: choices.flatMap(({ value }, index) => initial.includes(value) ? [index] : []),
        }),
      );
      return selected.map((index) => valueAt(choices, index));
    },
    async text(message, options = {}) {
      using paste = watchKeys(process.stdin, AFTER_LINE);
      const validate = refusingPaste(paste, ONE_LINE, options.validate);
      return await ask(text({ output, message, validate, ...textOptions(options) })) ?? "";
    },
    async multiline(message, options = {}) {
      using paste = watchKeys(process.stdin, AFTER_EMPTY_LINE);
      const validate = refusingPaste(
        paste,
        "An empty line in the pasted text would end the answer here: check it",
        options.validate,
      );
      return await ask(multiline({ output, message, validate, ...textOptions(options) })) ?? "";
    },
    async secret(message, { validate } = {}) {
      using paste = watchKeys(process.stdin, AFTER_LINE);
      return await ask(password({ output, message, validate: refusingPaste(paste, ONE_LINE, validate) })) ?? "";
    },
    confirm: (message, { initial }) => ask(confirm({ output, message, initialValue: initial })),
    // An empty root, because what is typed is appended to it.
    file: (message) => ask(path({ output, message, root: "" })),
    note: (message) => log.message(wrap(message), { output }),
  };
}

// The prompt would end within such keys, and drop the rest.
const AFTER_LINE = /[\r\n][^\r\n]/;
const AFTER_EMPTY_LINE = /(?:\r\n?|\n){2}[^\r\n]/;
// deno-lint-ignore no-control-regex -- the key Ctrl-D
const CTRL_D = /^\u0004$/;
const ONE_LINE = "Several lines were pasted, and only one fits here: check the text";

interface LastKeys extends Disposable {
  /** Whether the keys that were read last match. */
  match(): boolean;
}

function watchKeys(input: Input, pattern: RegExp): LastKeys {
  let isMatch = false;
  const onData = (keys: Uint8Array | string) => {
    isMatch = pattern.test(typeof keys === "string" ? keys : new TextDecoder().decode(keys));
  };
  // Before the prompt reads the same keys.
  input.prependListener("data", onData);
  return { match: () => isMatch, [Symbol.dispose]: () => void input.off("data", onData) };
}

/** Makes Ctrl-D a Ctrl-C where it deletes nothing: otherwise it pauses the input, and the prompt would wait for keys forever. */
function cancelAtEnd(input: Input): Disposable {
  const keys = watchKeys(input, CTRL_D);
  const cancel = () => input.emit("keypress", "\u0003", { name: "c", sequence: "\u0003", ctrl: true });
  // Once the prompt has seen the key itself.
  const onPause = () => keys.match() && queueMicrotask(cancel);
  input.on("pause", onPause);
  return {
    [Symbol.dispose]() {
      keys[Symbol.dispose]();
      input.off("pause", onPause);
    },
  };
}

function refusingPaste(paste: LastKeys, message: string, validate: PromptValidator | undefined) {
  return (answer = "") => paste.match() ? message : validate?.(answer);
}

/** The same stream without colors. Needed because older runtimes ignore NO_COLOR. */
function colorless<Stream extends { write(chunk: string | Uint8Array): boolean }>(stream: Stream): Stream {
  const plain: Stream = Object.create(stream);
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
type CancelSymbol = Extract<Awaited<ReturnType<Clack["confirm"]>>, symbol>;

function valueAt<Value>(choices: readonly PromptChoice<Value>[], index: number): Value {
  const choice = choices[index];
  if (choice === undefined) throw new TypeError(`There is no choice ${index}`);
  return choice.value;
}

function textOptions({ initial, fallback, placeholder = fallback }: TextPromptOptions) {
  return {
    ...(initial === undefined ? {} : { initialValue: initial }),
    ...(placeholder === undefined ? {} : { placeholder }),
    ...(fallback === undefined ? {} : { defaultValue: fallback }),
  };
}
