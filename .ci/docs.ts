/** `deno task docs` writes the pages that are generated from the program. */

import { pages } from "./docs/pages.ts";

const ROOT = new URL("../", import.meta.url);

for (const [path, text] of Object.entries(await pages(ROOT))) {
  await Deno.writeTextFile(new URL(path, ROOT), text);
  console.log(`Wrote ${path}`);
}
const { success } = await new Deno.Command(Deno.execPath(), { args: ["fmt", "-q", "docs"], cwd: ROOT }).output();
if (!success) Deno.exit(1);
