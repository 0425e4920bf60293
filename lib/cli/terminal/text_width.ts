const COMBINING = /^[\p{M}\u200b-\u200d\ufe00-\ufe0f]$/u;
const WIDE =
  /^[\p{Emoji_Presentation}\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]$/u;

/** The number of terminal cells; the text must not contain escape sequences. */
export function textWidth(text: string): number {
  let width = 0;
  for (const character of text) width += cellsOf(character);
  return width;
}

/** Truncates a text wider than `cells` and appends an ellipsis. */
export function fitToWidth(text: string, cells: number): string {
  if (textWidth(text) <= cells) return text;
  let kept = "";
  let width = 0;
  for (const character of text) {
    width += cellsOf(character);
    if (width > cells - 1) break;
    kept += character;
  }
  return cells < 1 ? "" : `${kept}\u2026`;
}

/** Pads with spaces on the right; never truncates. */
export function padToWidth(text: string, cells: number): string {
  return text + " ".repeat(Math.max(0, cells - textWidth(text)));
}

function cellsOf(character: string): number {
  if (COMBINING.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}
