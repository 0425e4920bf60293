/**
 * `deno run -A .ci/release_notes.ts TAG REPOSITORY COMMIT` prints a release's notes, or exits with 1 if tag, version and
 * changelog disagree.
 */

import { VERSION } from "../lib/version.ts";
import { checkTag, installNotes, notesFor } from "./release/notes.ts";

if (import.meta.main) {
  try {
    const [tag = "", repository = "", commit = ""] = Deno.args;
    checkTag(tag, VERSION);
    console.log(notesFor(VERSION, await Deno.readTextFile(new URL("../CHANGELOG.md", import.meta.url))));
    console.log(`\n${installNotes({ repository, tag, commit })}`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}
