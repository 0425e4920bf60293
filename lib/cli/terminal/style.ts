export type Style = Readonly<ReturnType<typeof styleFor>>;

/** What a text is laid out for. */
export interface Layout {
  readonly style: Style;
  /** The available width; `Infinity` for no limit. */
  readonly columns: number;
}

export function styleFor(isColored: boolean) {
  const paint = (on: number, off: number) => (text: string) =>
    isColored && text !== "" ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  return {
    bold: paint(1, 22),
    dim: paint(2, 22),
    red: paint(31, 39),
    green: paint(32, 39),
    yellow: paint(33, 39),
    cyan: paint(36, 39),
  };
}

/** Matches the sequences that {@link styleFor} creates. */
// deno-lint-ignore no-control-regex -- an escape sequence starts with one
export const STYLE_SEQUENCE = /(\u001b\[(?:1|2|22|31|32|33|36|39)m)/;
