import assert from "node:assert/strict";
import type { Prompter } from "../../../lib/prompts/prompter.ts";

/** A question and its answer: a label or part of one for a choice, the labels for several, else the answer itself. */
export type ScriptedAnswer = readonly [question: RegExp, answer: string | boolean | readonly string[]];

export interface ScriptedPrompter extends Prompter {
  /** Everything that was shown: messages, choices, initial texts, placeholders and notes. */
  shown(): string;
  /** Answers that were not asked for. */
  readonly rest: readonly ScriptedAnswer[];
}

/** Answers questions in order; fails on an unexpected one. */
export function scriptedPrompter(script: readonly ScriptedAnswer[]): ScriptedPrompter {
  const rest = [...script];
  const shown: string[] = [];
  const next = (message: string, ...details: readonly unknown[]) => {
    shown.push([message, ...details.map((detail) => JSON.stringify(detail))].join("\n"));
    const [question, answer] = rest.shift() ?? [/no further question/, ""];
    assert.match(message, question);
    return answer;
  };
  const textOf = (answer: ScriptedAnswer[1]): string => {
    assert.ok(typeof answer === "string");
    return answer;
  };
  const pick = <Value>(
    choices: readonly { readonly label: string; readonly value: Value }[],
    label: string,
  ): Value => {
    const choice = choices.find((choice) => choice.label.includes(label));
    assert.ok(choice !== undefined, `no choice "${label}" in ${choices.map((choice) => choice.label).join(" | ")}`);
    return choice.value;
  };
  const typed = (
    message: string,
    { validate, ...options }: { readonly validate?: ((text: string) => string | undefined) | undefined } = {},
  ): Promise<string> => {
    while (true) {
      const text = textOf(next(message, options));
      const problem = validate?.(text);
      if (problem === undefined) return Promise.resolve(text);
      // The prompt stays with what was typed, for the next answer.
      shown.push(`refused ${text}: ${problem}`);
    }
  };
  return {
    shown: () => shown.join("\n"),
    rest,
    choose: (message, choices, options = {}) => Promise.resolve(pick(choices, textOf(next(message, choices, options)))),
    chooseMany(message, choices, options) {
      const labels = next(message, choices, options);
      assert.ok(Array.isArray(labels));
      return Promise.resolve(labels.map((label: string) => pick(choices, label)));
    },
    text: typed,
    multiline: typed,
    secret: typed,
    file: (message) => typed(message),
    confirm(message, options) {
      const answer = next(message, options);
      assert.ok(typeof answer === "boolean");
      return Promise.resolve(answer);
    },
    note: (message) => void shown.push(message),
  };
}
