/** Prompts on a terminal. Loaded only in interactive mode. */

import { escapeControlCharacters, oneLine } from "../escape.ts";
import { PromptCancelled, type PromptChoice, type Prompter, type TextPromptOptions } from "./prompter.ts";
import { matchesSearch } from "./choices.ts";

type Input = typeof import("node:process").stdin;

/**
 * Prompts go to stderr, because stdout is for results. Text may come from the platform: its control characters are escaped.
 * Loads the package with the first prompter.
 */
export async function clackPrompter({ mayColor, signal, wrap = (text) => text, fit = (text) => text }: {
  readonly mayColor: boolean;
  /** Ends an open prompt, which throws its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Wraps text for the terminal, beside `indent` cells: the package does so only for some. */
  readonly wrap?: (text: string, indent: number) => string;
  /** Cuts text for one line of the terminal, beside `indent` cells. */
  readonly fit?: (text: string, indent: number) => string;
}): Promise<Prompter> {
  const [clack, { default: process }] = await Promise.all([import("../deps/clack.ts"), import("node:process")]);
  const { autocomplete, autocompleteMultiselect, confirm, isCancel, log, multiline, password, path, text } = clack;
  const output = mayColor ? process.stderr : colorless(process.stderr);

  type CancelSymbol = Extract<Awaited<ReturnType<typeof confirm>>, symbol>;

  /** @throws PromptCancelled when the user cancelled the prompt. */
  async function ask<Answer>(prompt: Promise<Answer | CancelSymbol>): Promise<Answer> {
    using _keys = adaptKeys(process.stdin, signal);
    const answer = await prompt;
    if (!isCancel(answer)) return answer;
    signal?.throwIfAborted();
    throw new PromptCancelled("The prompt was cancelled");
  }

  const question = (message: string) => wrap(oneLine(message), GUIDE_CELLS).replaceAll("\n", `\n${GUIDE}`);
  const problem = (text: string | undefined) => text && wrap(oneLine(text), GUIDE_CELLS).replaceAll("\n", AFTER_GUIDE);
  /** What follows the label. */
  const fitHint = (label: string, hint: string) => fit(`${label} (${hint}`, OPTION_CELLS).slice(label.length + 2);

  /** What the prompts for a choice share. */
  const listed = <Value>(message: string, choices: readonly PromptChoice<Value>[]) => ({
    output,
    message: question(message),
    options: choices.map((choice) => {
      const label = oneLine(choice.label);
      return { value: choice, label, hint: fitHint(label, oneLine(choice.hint ?? "")) };
    }),
    maxItems: 12,
    filter: (search: string, { label }: { readonly label?: string }) => matchesSearch(search, label ?? ""),
  });

  /** Refuses what was pasted if the prompt would end within it. */
  async function askText(
    prompt: typeof text | typeof multiline | typeof password,
    message: string,
    { validate, initial, fallback, placeholder = fallback }: TextPromptOptions,
  ): Promise<string> {
    const [pattern, refusal] = prompt === multiline ? [AFTER_EMPTY_LINE, EMPTY_LINE] : [AFTER_LINE, ONE_LINE];
    using paste = watchKeys(process.stdin, pattern);
    using enter = watchKeys(process.stdin, ONLY_ENTER);
    let isPasted = false;
    const validateAnswer = (answer = "") => {
      // The rest of a paste may arrive later, and end with a line break.
      isPasted = paste.match() || (isPasted && !enter.match());
      return problem(isPasted ? refusal : validate?.(answer));
    };
    const answer = await ask(
      prompt({
        output,
        message: question(message),
        validate: validateAnswer,
        ...(initial === undefined ? {} : { initialValue: escapeControlCharacters(initial) }),
        ...(placeholder === undefined ? {} : { placeholder: escapeControlCharacters(placeholder) }),
        ...(fallback === undefined ? {} : { defaultValue: escapeControlCharacters(fallback) }),
      }),
    ) ?? "";
    // The answer as it is shown.
    return [initial, fallback].find((text) => answer === escapeControlCharacters(text ?? "")) ?? answer;
  }

  return {
    async choose(message, choices, { initial } = {}) {
      const initialValue = choices.find(({ value }) => value === initial);
      const selected = await ask(
        autocomplete({
          ...listed(message, choices),
          // Enter selects nothing while no choice matches the search.
          validate: (choice) => choice === undefined ? "Nothing matches: change the search" : undefined,
          ...(initialValue === undefined ? {} : { initialValue }),
        }),
      );
      return selected.value;
    },
    async chooseMany(message, choices, { initial, isRequired }) {
      const selected = await ask(
        autocompleteMultiselect({
          ...listed(message, choices),
          required: isRequired,
          initialValues: choices.filter(({ value }) => initial.includes(value)),
        }),
      );
      return selected.map(({ value }) => value);
    },
    text: (message, options = {}) => askText(text, message, options),
    multiline: (message, options = {}) => askText(multiline, message, options),
    secret: (message, options = {}) => askText(password, message, options),
    confirm: (message, { initial }) =>
      ask(confirm({ output, message: wrap(oneLine(message), GUIDE_CELLS), initialValue: initial })),
    // An empty root, because what is typed is appended to it.
    file: (message) => ask(path({ output, message: question(message), root: "" })),
    note: (message) => log.message(wrap(escapeControlCharacters(message), GUIDE_CELLS), { output }),
  };
}

/** What the package writes before the lines of a prompt. */
const GUIDE = "\u001b[90m│\u001b[39m  ";
const GUIDE_CELLS = 3;
/** The last line of a prompt ends its bar. */
const AFTER_GUIDE = `\n${" ".repeat(GUIDE_CELLS)}`;
/** With the mark of a choice, and the parenthesis behind its hint. */
const OPTION_CELLS = GUIDE_CELLS + 3;

// The prompt would end within such keys, and drop the rest.
const AFTER_LINE = /[\r\n][^\r\n]/;
const ONLY_ENTER = /^[\r\n]+$/;
const AFTER_EMPTY_LINE = /(?:\r\n?|\n){2}[^\r\n]/;
// deno-lint-ignore no-control-regex -- the key Ctrl-D
const CTRL_D = /^\u0004$/;
const CTRL_C = "\u0003";
const ONE_LINE = "Several lines were pasted, and only one fits here: check the text";
const EMPTY_LINE = "An empty line in the pasted text would end the answer here: check it";

/** Remembers whether the keys that were read last match. */
function watchKeys(input: Input, pattern: RegExp) {
  let isMatch = false;
  const onData = (keys: Uint8Array | string) => {
    isMatch = pattern.test(typeof keys === "string" ? keys : new TextDecoder().decode(keys));
  };
  // Before the prompt reads the same keys.
  input.prependListener("data", onData);
  return { match: () => isMatch, [Symbol.dispose]: () => void input.off("data", onData) };
}

/**
 * Makes Ctrl-D a Ctrl-C where it deletes nothing: otherwise it pauses the input, and the prompt would wait for keys forever.
 * So do the end of the input, and the signal: no key may come any more. Ctrl-Z is ignored: the runtime would
 * stop the program, but not show the prompt again. Escape is a Ctrl-C too: it would switch a yes to a no, and cancel then.
 */
function adaptKeys(input: Input, signal: AbortSignal | undefined): Disposable {
  const keys = watchKeys(input, CTRL_D);
  const cancel = () => input.emit("keypress", CTRL_C, { name: "c", sequence: CTRL_C, ctrl: true });
  // Once the prompt has seen the key itself.
  const onPause = () => keys.match() && queueMicrotask(cancel);
  const adaptKey = (_text: unknown, key: { ctrl?: boolean; name?: string; sequence?: string }) => {
    if (key.ctrl && key.name === "z") key.name = "";
    if (key.name === "escape") Object.assign(key, { name: "c", sequence: CTRL_C });
  };
  input.on("pause", onPause);
  input.on("end", cancel);
  // Before the prompt.
  input.prependListener("keypress", adaptKey);
  signal?.addEventListener("abort", cancel);
  // It may have come while the prompt was loaded, or between two of them.
  if (signal?.aborted || input.readableEnded) queueMicrotask(cancel);
  return {
    [Symbol.dispose]() {
      keys[Symbol.dispose]();
      input.off("pause", onPause);
      input.off("end", cancel);
      input.off("keypress", adaptKey);
      signal?.removeEventListener("abort", cancel);
    },
  };
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
