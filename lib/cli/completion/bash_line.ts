/**
 * Parses a bash command line. Bash also splits words at `=` and `:`, and replaces only the text after the last of these.
 * Therefore the complete line is parsed here, and the reply is exactly the text that bash inserts. Rules: sections
 * "Quoting" and "Programmable Completion" of the bash manual, and readline's search for the word to complete.
 */

export type BashLine = ReturnType<typeof parseBashLine>;

type Quote = "" | "'" | '"';

/**
 * Parses a line up to the cursor. Nothing is expanded: `$(…)` stays text.
 *
 * @param breaks The value of COMP_WORDBREAKS.
 * @returns The words before the current one, with the command itself, and the current one, all unquoted.
 */
export function parseBashLine(line: string, breaks: string) {
  const words: string[] = [];
  let word: string | undefined;
  /** The quote that is open at the cursor. */
  let quote: Quote = "";
  /** How many characters of the word bash does not replace. */
  let keptLength = 0;
  let isRedirect = false;
  for (const [part, single, double, end, escaped] of line.matchAll(PARTS)) {
    const before: string = word ?? "";
    const quoted = single ?? double?.replace(/\\(["$`\\])/g, "$1");
    if (/^[\s;|&()<>]/.test(part)) {
      if (word !== undefined && !isRedirect) words.push(word);
      isRedirect = /[<>]/.test(part) || (isRedirect && word === undefined);
      word = undefined;
      keptLength = 0;
    } else if (quoted !== undefined) {
      word = before + quoted;
      if (end !== "") continue;
      quote = single === undefined ? '"' : "'";
      keptLength = before.length;
    } else {
      word = before + (escaped ?? part);
      // Readline makes `$` and `@` a part of the word that follows them.
      if (escaped === undefined && breaks.includes(part)) keptLength = /[$@]/.test(part) ? before.length : word.length;
    }
  }
  return { words, current: word ?? "", keptLength, quote, isRedirect };
}

/** Quoted text, whose end may be missing at the cursor; a character that is escaped, or to be typed yet; any other one. */
const PARTS = /(?:'([^']*)|"((?:\\[^]|[^"\\])*)\\?)('|"|$)|\\([^]?)|[^]/g;

/** What bash inserts so that the word becomes `text`. */
export function bashReply(
  { text, isComplete }: { readonly text: string; readonly isComplete: boolean },
  { keptLength, quote }: Pick<BashLine, "keptLength" | "quote">,
): string {
  const quoted = [...text.slice(keptLength)].map((character) => quoteCharacter(character, quote)).join("");
  // Readline closes an open quote, unless the word already ends with one.
  return isComplete ? `${quoted}${quote === "" ? " " : quote}` : quoted;
}

/** Quotes characters one by one, so that readline can cut the reply at any common prefix. */
function quoteCharacter(character: string, quote: Quote): string {
  switch (quote) {
    case "'":
      return character === "'" ? `'\\''` : character;
    case '"':
      // History expansion also applies inside double quotes, so `!` is put outside of them.
      return character === "!" ? `"\\!"` : /["$`\\]/.test(character) ? `\\${character}` : character;
    case "":
      return /[\w./:=@%+,-]|[^\0-\x7f]/.test(character) ? character : `\\${character}`;
  }
}
