/** What a release is called and what is said of it: tag, version and changelog have to agree. */

/**
 * Holds a tag to the form v1.2.3, of the program's version.
 *
 * @throws Error when it names another than the program's.
 */
export function checkTag(tag: string, version: string): void {
  if (tag === `v${version}`) return;
  throw new Error(`Cannot release ${tag}: the program's version is ${version}, so its tag is v${version}`);
}

/**
 * The changelog's section for a version, without its heading. Headings are like `## 0.1.0 - 2026-01-31`, with brackets
 * or without (keepachangelog.com).
 *
 * @throws Error when there is none, or nothing in it.
 */
export function notesFor(version: string, changelog: string): string {
  const sections = changelog.split(/^(?=## )/m);
  const section = sections.find((text) => /^## \[?([^\]\s]+)\]?(?:\s|$)/.exec(text)?.[1] === version);
  if (section === undefined) throw new Error(`Cannot release ${version}: CHANGELOG.md has no section for it`);
  const notes = section.slice(section.indexOf("\n") + 1).trim();
  if (notes === "") throw new Error(`Cannot release ${version}: its section of CHANGELOG.md is empty`);
  return notes;
}
