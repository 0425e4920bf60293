/** What people call a run: a slug, `WF#47`, `WF:47` or `last`. */

import { UsageError } from "../../errors.ts";
import type { RunRef } from "../../runs/find.ts";

/**
 * Reads the words of a command that takes one run; `WF 47` is allowed as well.
 *
 * @throws UsageError when they name none, or more than one.
 */
export function parseOneRun(words: readonly string[]): RunRef {
  const [first, second, ...others] = words;
  if (first === undefined) throw new UsageError("Cannot tell which run is meant: none was named", { hint: HOW });
  if (second === undefined) return parseRun(first);
  const number = parseNumber(second.replace(/^#/, ""));
  if (number === undefined || others.length > 0 || parseNumber(first) !== undefined) {
    throw new UsageError(`Cannot tell which run is meant: "${words.join(" ")}" is not one run`, { hint: HOW });
  }
  return { type: "number", workflow: first, number };
}

/**
 * Reads the words of a command that takes several runs, where `WF 47` could be two.
 *
 * @throws UsageError for none, and for a bare number.
 */
export function parseManyRuns(words: readonly string[]): RunRef[] {
  if (words.length === 0) throw new UsageError("Cannot tell which runs are meant: none was named", { hint: HOW });
  return words.map((word, index) => {
    if (parseNumber(word) === undefined) return parseRun(word);
    const workflow = words[index - 1] ?? "WORKFLOW";
    throw new UsageError(`Cannot tell which run is meant: ${word} is a number without a workflow`, {
      hint: `Write it in one word: ${workflow}#${word}`,
    });
  });
}

const HOW = "Name it by its slug, or as WORKFLOW#47";

function parseRun(word: string): RunRef {
  if (word === "") throw new UsageError("Cannot tell which run is meant: the name is empty", { hint: HOW });
  if (word === "last") return { type: "last" };
  if (parseNumber(word) !== undefined) {
    throw new UsageError(`Cannot tell which run is meant: ${word} is a number without a workflow`, {
      hint: `Runs are counted within their workflow: WORKFLOW#${word}`,
    });
  }
  const [, workflow, digits] = /^(.+)[#:]([0-9]+)$/.exec(word) ?? [];
  const number = parseNumber(digits ?? "");
  return workflow === undefined || number === undefined ? { type: "word", word } : { type: "number", workflow, number };
}

function parseNumber(text: string): number | undefined {
  const number = Number(text);
  return /^[0-9]+$/.test(text) && Number.isSafeInteger(number) ? number : undefined;
}
