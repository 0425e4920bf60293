import { isExact, joinPath, nextQuote } from "../json.ts";
import type { Problem } from "../problem.ts";
import type { Lines } from "./lines.ts";

/**
 * Finds the line of each value, and what the parser does not report. Written by hand, because a parser of positions takes
 * longer than all else that is done with a large file.
 *
 * @param text JSON that can be parsed, with or without comments.
 */
export function scanJson(text: string, { origin, path: start }: TextPlace = { origin: "" }): ScannedText {
  const problems: Problem[] = [];
  const root: Container = { lines: new Map(), place: 0 };
  const outer: Container[] = [];
  const word = new RegExp(WORD);
  let container = root;
  let line = 1;

  const report = (message: string) => {
    const path = [...outer, container].slice(1).map(({ place }) => place ?? "").reduce<string>(joinPath, start ?? "");
    problems.push({ origin: start === undefined ? `${origin}:${line}` : origin, path, message });
  };
  const add = (lines: Lines) => void container.lines.set(container.place ?? "", lines);
  const advance = () => {
    container.place = typeof container.place === "number" ? container.place + 1 : undefined;
  };
  const open = (place: Container["place"]) => {
    const children: Container["lines"] = new Map();
    add({ line, children });
    outer.push(container);
    container = { lines: children, place };
  };

  for (let index = 0; index < text.length; index++) {
    switch (text[index]) {
      case "\n":
        line++;
        break;
      case "\r":
        if (text[index + 1] !== "\n") line++;
        break;
      case " ":
      case "\t":
      case ",":
      case ":":
        break;
      case "{":
        open(undefined);
        break;
      case "[":
        open(0);
        break;
      case "}":
      case "]":
        container = outer.pop() ?? root;
        advance();
        break;
      case '"': {
        const start = index;
        index = nextQuote(text, start + 1);
        if (container.place === undefined) {
          const name = text.slice(start + 1, index);
          container.place = name.includes("\\") ? String(JSON.parse(`"${name}"`)) : name;
          if (container.lines.has(container.place)) report(IS_DUPLICATE);
        } else {
          add(line);
          advance();
        }
        break;
      }
      default: {
        word.lastIndex = index;
        const [source = ""] = word.exec(text) ?? [];
        index += source.length - 1;
        if (source.startsWith("/")) line += source.match(/\r\n?|\n/g)?.length ?? 0;
        else {
          const isAsWritten = /^[a-z]/.test(source) || String(Number(source)) === source;
          if (!isAsWritten && !isExact(source)) report(IS_INEXACT);
          add(isAsWritten ? line : { line, written: source });
          advance();
        }
      }
    }
  }
  return { lines: root.lines.get(0) ?? line, problems: firstProblems(problems, { origin, path: start }) };
}

interface Container {
  readonly lines: Map<string | number, Lines>;
  /** The index or name of the next value; `undefined` before a name. */
  place: string | number | undefined;
}

/** A comment, or a number, `true`, `false` or `null`. */
const WORD = /\/\/[^\r\n]*|\/\*[^]*?\*\/|[^\s,\]}/]+/y;

/** What one pass over a text finds. */
export interface ScannedText {
  readonly lines: Lines;
  /**
   * What is wrong with a text that can be parsed: names that an object has twice, of which one would be ignored, and numbers
   * that this runtime would change: 9007199254740993 would be sent as 9007199254740992, and 1e400 as null.
   */
  readonly problems: readonly Problem[];
}

export const IS_DUPLICATE = "is given twice";
// Not quoted, because it may be a password.
export const IS_INEXACT = "cannot be sent exactly as a number: put it in quotes to send it as text";

/** More are counted, not listed. */
const MAX_PROBLEMS = 10;

/** Where a text comes from: the `path` is that of an input whose value it is, without lines of its own. */
type TextPlace = Pick<Problem, "origin"> & { readonly path?: string | undefined };

export function firstProblems(found: readonly Problem[], { origin, path = "" }: TextPlace): readonly Problem[] {
  const more = found.length - MAX_PROBLEMS;
  if (more <= 0) return found;
  return [...found.slice(0, MAX_PROBLEMS), { origin, path, message: `and ${more} more problems like these` }];
}
