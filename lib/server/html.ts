/** HTML templates: interpolated values are escaped, except HTML from another template. */

import { cleanLog } from "../log_text.ts";

/** Safe markup, created only by {@link html}. */
export interface Html {
  readonly markup: string;
}

export type HtmlContent = Html | string | number | null | undefined | readonly HtmlContent[];

/** Escapes each value; `null` and `undefined` become nothing, lists are joined. Attribute values must be quoted. */
export function html(texts: TemplateStringsArray, ...values: readonly HtmlContent[]): Html {
  return { markup: texts.reduce((markup, text, at) => markup + markupOf(values[at - 1]) + text) };
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function markupOf(value: HtmlContent): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string" || typeof value === "number") {
    return cleanLog(String(value)).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
  }
  if (isHtml(value)) return value.markup;
  return value.map(markupOf).join("");
}

function isHtml(value: Html | readonly HtmlContent[]): value is Html {
  return !Array.isArray(value);
}
