/** What is made from the program is as the program is now, and what the documents show and name is there. */

import assert from "node:assert/strict";
import { pages } from "../../.ci/docs/pages.ts";

const ROOT = new URL("../../", import.meta.url);

Deno.test("the pages that are made from the program are current: `deno task docs` makes them", async () => {
  for (const [path, text] of Object.entries(await pages(ROOT))) {
    // The formatter sets tables its own way: words alone are compared.
    const committed = await Deno.readTextFile(new URL(path, ROOT));
    assert.equal(wordsOf(committed), wordsOf(text), path);
  }
});

const DOCUMENTS = [
  "README.md",
  "CONTRIBUTING.md",
  "functions/README.md",
  ...[...Deno.readDirSync(new URL("docs/", ROOT))].map(({ name }) => `docs/${name}`).filter((path) =>
    path.endsWith(".md")
  ),
];

for (const path of DOCUMENTS) {
  Deno.test(`each link of ${path} leads somewhere`, async () => {
    const text = await Deno.readTextFile(new URL(path, ROOT));
    for (const [, target = ""] of text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      await assert.doesNotReject(Deno.stat(new URL(target, new URL(path, ROOT))), target);
    }
  });
}

function wordsOf(text: string): string {
  return text.replaceAll(/[-|\s]+/g, " ").trim();
}
