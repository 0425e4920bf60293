/** What several tables show alike. */

import type { Style } from "../terminal/style.ts";
import { fitToWidth } from "../terminal/text_width.ts";

/** Shortens the workflow of `WORKFLOW#47`, not the number. */
export function fitRunNumber(text: string, cells: number): string {
  const [, name = text, number = ""] = /^(.*)(#\d+)$/.exec(text) ?? [];
  return fitToWidth(name, cells - number.length) + number;
}

/** Paints a status by its first word. */
export function paintStatus(text: string, style: Style): string {
  switch (/^\w*/.exec(text)?.[0]) {
    case "completed":
      return style.green(text);
    case "failed":
    case "rejected":
      return style.red(text);
    case "running":
      return style.cyan(text);
    default:
      return style.yellow(text);
  }
}
