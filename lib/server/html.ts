/** Text into markup: what is put into a template is escaped, but for what a template made itself. */

import { escapeLog } from "../escape.ts";

/** Markup that is safe to send. Made by {@link html} alone. */
export interface Html {
  readonly markup: string;
}

export type Content = Html | string | number | null | undefined | readonly Content[];

/** Escapes each value; `null` and `undefined` are nothing, lists are joined. Values in attributes stand in quotes. */
export function html(texts: TemplateStringsArray, ...values: readonly Content[]): Html {
  return { markup: texts.reduce((whole, text, at) => whole + markupOf(values[at - 1]) + text) };
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function markupOf(value: Content): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string" || typeof value === "number") {
    return escapeLog(String(value)).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
  }
  if (isHtml(value)) return value.markup;
  return value.map(markupOf).join("");
}

function isHtml(value: Html | readonly Content[]): value is Html {
  return !Array.isArray(value);
}
