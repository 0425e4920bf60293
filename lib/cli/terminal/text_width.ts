import { fastStringWidth } from "../../deps/fast_string_width.ts";

/** The number of terminal cells. Our own styles take none; the text must not contain other escape sequences. */
export function textWidth(text: string): number {
  // The package counts a zero-width space as one cell.
  return fastStringWidth(text.replaceAll("\u200b", ""));
}

/** Truncates a text wider than `cells` and appends an ellipsis. */
export function fitToWidth(text: string, cells: number): string {
  if (textWidth(text) <= cells) return text;
  let kept = "";
  let width = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    width += textWidth(segment);
    if (width > cells - 1) break;
    kept += segment;
  }
  return cells < 1 ? "" : `${kept}\u2026`;
}

/** Pads with spaces on the right; never truncates. */
export function padToWidth(text: string, cells: number): string {
  return text + " ".repeat(Math.max(0, cells - textWidth(text)));
}
