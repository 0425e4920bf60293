/** Markdown as GitHub shows it: text is escaped so that it is shown as it is. */

export type Row = readonly [name: string, value: string];

/** In UTF-16 code units: even at four bytes each, it stays below the limit of 1 MiB. */
const MAX_SUMMARY_LENGTH = 200_000;

/**
 * The first of these versions, each shorter than the one before it, that GitHub shows. Text cut inside a table or a code
 * block would break the summaries of later steps.
 */
export function summaryOf(...versions: readonly (readonly string[])[]): string {
  const texts = versions.map((parts) => `${parts.join("\n\n")}\n`);
  return texts.find(({ length }) => length <= MAX_SUMMARY_LENGTH) ?? texts.at(-1) ?? "";
}

/** A table without headings; rows without a value are left out. */
export function table(rows: readonly Row[]): string {
  const lines = rows.filter(([, value]) => value !== "").map(([name, value]) => `| ${name} | ${value} |`);
  return ["| | |", "| --- | --- |", ...lines].join("\n");
}

/** A code block whose fence is longer than any in the text. */
export function codeBlock(text: string, language = ""): string {
  if (text === "") return "";
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}

/** One line of text in which no character is Markdown, HTML or a cell separator. */
export function inline(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.replace(/[&<>"'\\`*_{}[\]()#+!|~@:]/g, (character) => `&#${character.charCodeAt(0)};`);
}

export function code(text: string): string {
  return text === "" ? "" : `<code>${inline(text)}</code>`;
}

export function linkTo(name: string, url: string): string {
  // Other schemes may run code.
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) return inline(name);
  return `<a href="${inline(new URL(url).href)}">${inline(name)}</a>`;
}
