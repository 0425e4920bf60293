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
  let keptBeforeQuote = 0;
  /** Whether the word is the target of `<` or `>`. */
  let isRedirect = false;
  const endWord = () => {
    if (word !== undefined && !isRedirect) words.push(word);
    if (word !== undefined) isRedirect = false;
    word = undefined;
    keptLength = 0;
  };
  for (let index = 0; index < line.length; index++) {
    const character = line[index] ?? "";
    const next = line[index + 1];
    if (quote !== "" && character === quote) {
      quote = "";
      keptLength = keptBeforeQuote;
    } else if (quote === "'") word += character;
    else if (character === "\\") {
      // At the end of the line it escapes the next character to be typed.
      if (next === undefined) word ??= "";
      else word = (word ?? "") + (quote === '"' && !/["$`\\]/.test(next) ? character + next : next);
      index++;
    } else if (quote === '"') word += character;
    else if (character === "'" || character === '"') {
      quote = character;
      word ??= "";
      keptBeforeQuote = keptLength;
      keptLength = word.length;
    } else if (/\s/.test(character)) endWord();
    else if (/[<>]/.test(character)) {
      endWord();
      isRedirect = true;
    } else if (/[;|&()]/.test(character)) endWord();
    else {
      const before: string = word ?? "";
      word = before + character;
      // Readline makes `$` and `@` a part of the word that follows them.
      if (breaks.includes(character)) keptLength = /[$@]/.test(character) ? before.length : word.length;
    }
  }
  return { words, current: word ?? "", keptLength, quote, isRedirect };
}

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
