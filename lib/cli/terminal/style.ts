const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const;

export type Style = Readonly<Record<keyof typeof CODES, (text: string) => string>>;

/** What a text is laid out for. */
export interface Layout {
  readonly style: Style;
  /** The available width; `Infinity` for no limit. */
  readonly columns: number;
}

export function styleFor(isColored: boolean): Style {
  const paint = ([on, off]: readonly [number, number]) => (text: string) =>
    isColored && text !== "" ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  return {
    bold: paint(CODES.bold),
    dim: paint(CODES.dim),
    red: paint(CODES.red),
    green: paint(CODES.green),
    yellow: paint(CODES.yellow),
    cyan: paint(CODES.cyan),
  };
}

/** Matches the sequences that {@link styleFor} creates. */
// deno-lint-ignore no-control-regex -- an escape sequence starts with one
export const STYLE_SEQUENCE = /(\u001b\[(?:1|2|22|31|32|33|36|39)m)/;
