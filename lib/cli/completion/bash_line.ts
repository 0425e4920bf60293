/**
 * A command line as bash has it. Bash splits words at `=` and `:` as well, and replaces only what stands after the last
 * of these, so the whole line is read here, and answered with what bash is to put there. Rules: the manual's sections
 * "Quoting" and "Programmable Completion", and readline's search for the word to complete.
 */

export interface BashLine {
  /** The words before the cursor, the command's own among them, without their quotes. */
  readonly words: readonly string[];
  /** The word that the cursor stands in, without its quotes. */
  readonly current: string;
  /** How much of it bash leaves as it is. */
  readonly kept: number;
  /** The quote that is open at the cursor. */
  readonly quote: Quote;
  /** Whether it is where output goes or input comes from. */
  readonly isRedirect: boolean;
}

type Quote = "" | "'" | '"';

/**
 * Reads a line up to the cursor. Nothing in it is run or looked up: `$(…)` stays text.
 *
 * @param breaks The value of COMP_WORDBREAKS.
 */
export function readBashLine(line: string, breaks: string): BashLine {
  const words: string[] = [];
  let word: string | undefined;
  let quote: Quote = "";
  let kept = 0;
  let keptBeforeQuote = 0;
  let isRedirect = false;
  const end = () => {
    if (word !== undefined && !isRedirect) words.push(word);
    if (word !== undefined) isRedirect = false;
    word = undefined;
    kept = 0;
  };
  for (let index = 0; index < line.length; index++) {
    const character = line[index] ?? "";
    const next = line[index + 1];
    if (quote !== "" && character === quote) {
      quote = "";
      kept = keptBeforeQuote;
    } else if (quote === "'") word += character;
    else if (character === "\\") {
      // At the end it quotes what is still to come.
      if (next === undefined) word ??= "";
      else word = (word ?? "") + (quote === '"' && !/["$`\\]/.test(next) ? character + next : next);
      index++;
    } else if (quote === '"') word += character;
    else if (character === "'" || character === '"') {
      quote = character;
      word ??= "";
      keptBeforeQuote = kept;
      kept = word.length;
    } else if (/\s/.test(character)) end();
    else if (/[<>]/.test(character)) {
      end();
      isRedirect = true;
    } else if (/[;|&()]/.test(character)) end();
    else {
      const before: string = word ?? "";
      word = before + character;
      // Readline keeps these two with the word that they begin.
      if (breaks.includes(character)) kept = /[$@]/.test(character) ? before.length : word.length;
    }
  }
  return { words, current: word ?? "", kept, quote, isRedirect };
}

/** What bash is to put in place of the word, so that it means `text`. */
export function bashReply(
  { text, isWhole }: { readonly text: string; readonly isWhole: boolean },
  { kept, quote }: Pick<BashLine, "kept" | "quote">,
): string {
  const quoted = [...text.slice(kept)].map((character) => quoteCharacter(character, quote)).join("");
  // An open quote is closed by readline, unless the word ends with one.
  return isWhole ? `${quoted}${quote === "" ? " " : quote}` : quoted;
}

/** Each character by itself, so that what several words begin with is whole wherever readline cuts it. */
function quoteCharacter(character: string, quote: Quote): string {
  switch (quote) {
    case "'":
      return character === "'" ? `'\\''` : character;
    case '"':
      // In double quotes nothing keeps `!` from the history, so it stands outside of them.
      return character === "!" ? `"\\!"` : /["$`\\]/.test(character) ? `\\${character}` : character;
    case "":
      return /[\w./:=@%+,-]|[^\0-\x7f]/.test(character) ? character : `\\${character}`;
  }
}
