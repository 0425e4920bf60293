/** The page's script, in the order in which its parts need each other. */

import { CHART_SCRIPT } from "./chart.ts";
import { CORE_SCRIPT } from "./core.ts";
import { DETAILS_SCRIPT } from "./details.ts";
import { FILTER_SCRIPT } from "./filter.ts";
import { LIST_SCRIPT } from "./list.ts";
import { OVERVIEW_SCRIPT } from "./overview.ts";

/** After the first frame, which shows the result however many cases there are. */
const START = String.raw`
requestAnimationFrame(() => setTimeout(() => {
  const encoded = atob(document.getElementById("data").textContent);
  const bytes = Uint8Array.from(encoded, (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  new Response(stream).json().then(showReport);
}));
`;

export const PAGE_SCRIPT: string = [
  '"use strict";(() => {',
  CORE_SCRIPT,
  DETAILS_SCRIPT,
  OVERVIEW_SCRIPT,
  CHART_SCRIPT,
  FILTER_SCRIPT,
  LIST_SCRIPT,
  START,
  "})();",
].join("\n");
