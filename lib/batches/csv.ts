/** Reads CSV as spreadsheets and data frames write it (RFC 4180, also with semicolons or tabs). */

import type { Problem } from "../problem.ts";

export interface CsvRecord {
  /** Where it starts, from 1. */
  readonly line: number;
  /** Spaces around cells without quotes are removed. */
  readonly cells: readonly string[];
}

/** Reads every record but blank lines. The separator is the most frequent of `,`, `;` and tab in the first record. */
export function parseCsv(
  text: string,
  origin: string,
): { readonly records: readonly CsvRecord[]; readonly problems: readonly Problem[] } {
  const source = text.replace(/^\uFEFF/, "");
  const [separatorLine, declared] = /^sep=(.)(?:\r\n?|\n)/i.exec(source) ?? [""];
  const separator = declared ?? separatorOf(source);
  const cell = cellPatterns(separator);
  const records: CsvRecord[] = [];
  const problems: Problem[] = [];
  let line = separatorLine === "" ? 1 : 2;
  let position = separatorLine.length;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = position;
    const match = pattern.exec(source);
    position += match?.[0].length ?? 0;
    return match;
  };
  while (position < source.length) {
    const start = line;
    const cells: string[] = [];
    do {
      const quoted = take(cell.quoted)?.[1];
      if (quoted !== undefined) line += quoted.match(LINE_BREAK)?.length ?? 0;
      else if (take(cell.openQuote) !== null) {
        const isClosed = source.includes('"', position);
        const message = isClosed
          ? 'has text beside a quoted cell: write quotes inside of quotes twice, like "a ""b"" c"'
          : "has a quote that is never closed";
        problems.push({ origin: `${origin}:${line}`, path: "", message });
        if (!isClosed) return { records, problems };
      }
      cells.push(quoted?.replaceAll('""', '"') ?? take(cell.plain)?.[0].trim() ?? "");
    } while (take(cell.separator) !== null);
    take(cell.lineBreak);
    line++;
    if (cells.length > 1 || cells[0] !== "") records.push({ line: start, cells });
  }
  return { records, problems };
}

const LINE_BREAK = /\r\n?|\n/g;

function cellPatterns(separator: string) {
  const escaped = separator.replace(/[\\^\]|.*+?$(){}[]/, "\\$&");
  return {
    quoted: new RegExp(` *"([^"]*(?:""[^"]*)*)" *(?=${escaped}|\r|\n|$)`, "y"),
    openQuote: / *"/y,
    plain: new RegExp(`(?:(?!${escaped})[^\r\n])*`, "y"),
    separator: new RegExp(escaped, "y"),
    lineBreak: /\r\n?|\n|$/y,
  };
}

function separatorOf(source: string): string {
  const header = /^(?:"[^"]*"|[^"\r\n])*/.exec(source)?.[0].replaceAll(/"[^"]*"/g, "") ?? "";
  const count = (separator: string) => header.split(separator).length;
  return [";", "\t"].reduce((best, separator) => count(separator) > count(best) ? separator : best, ",");
}
