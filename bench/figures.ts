/** What a bench has measured: one model for the terminal, JSON, and the tables and charts of the documentation. */

export interface Figures {
  readonly title: string;
  /** How it was measured: a sentence or more, as Markdown. */
  readonly method: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly charts: readonly Chart[];
  /** The same as numbers, for programs. */
  readonly data: unknown;
  /** Goals that were missed, one sentence each. */
  readonly misses: readonly string[];
}

/** Groups of horizontal bars. */
export interface Chart {
  /** Of its file, without the ending. */
  readonly name: string;
  readonly title: string;
  /** One per bar of each group. */
  readonly series: readonly string[];
  readonly groups: readonly { readonly label: string; readonly values: readonly number[] }[];
  /** A value that is marked by a line, such as that of what is compared. */
  readonly mark: number;
}

/** Markdown, aligned as `deno fmt` aligns it. */
export function renderMarkdownTable({ columns, rows }: Pick<Figures, "columns" | "rows">): string {
  const widths = columns.map((name, column) =>
    Math.max(3, name.length, ...rows.map((row) => row[column]?.length ?? 0))
  );
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, at) => (cells[at] ?? "").padEnd(width)).join(" | ")} |`;
  return [line(columns), `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...rows.map(line)].join("\n");
}

/** For the terminal. */
export function renderFigures(figures: Figures): string {
  const missed = figures.misses.map((miss) => `MISSED: ${miss}`);
  return [figures.title, "", renderMarkdownTable(figures), "", ...missed].join("\n");
}
