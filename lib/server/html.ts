/** HTML templates: interpolated values are escaped, except HTML from another template. */

import { html as template } from "../deps/hono.ts";
import { cleanLog } from "../log_text.ts";

/** Safe markup, created only by templates and `raw`. */
export type Html = ReturnType<typeof template>;

export type HtmlContent = Html | string | number | null | undefined | readonly HtmlContent[];

/** As hono's, also without control characters; `null` and `undefined` become nothing, lists are joined. */
export function html(texts: TemplateStringsArray, ...values: readonly HtmlContent[]): Html {
  return template(texts, ...values.map(withoutControls));
}

/** Markup is an object, unlike plain text. */
function withoutControls(value: HtmlContent): unknown {
  if (typeof value === "string") return cleanLog(value);
  return Array.isArray(value) ? value.map(withoutControls) : value;
}
