/**
 * Checks that a tag is `v` and the program's version.
 *
 * @throws Error when it is not.
 */
export function checkTag(tag: string, version: string): void {
  if (tag === `v${version}`) return;
  throw new Error(`Cannot release ${tag}: the program's version is ${version}, so the tag must be v${version}`);
}

/**
 * The changelog's section for a version, without its heading. Headings are like `## 0.1.0 - 2026-01-31` or
 * `## [0.1.0] - 2026-01-31` (keepachangelog.com).
 *
 * @throws Error when there is no such section, or it is empty.
 */
export function notesFor(version: string, changelog: string): string {
  const sections = changelog.split(/^(?=## )/m);
  const section = sections.find((text) => /^## \[?([^\]\s]+)\]?(?:\s|$)/.exec(text)?.[1] === version);
  if (section === undefined) throw new Error(`Cannot release ${version}: CHANGELOG.md has no section for it`);
  const notes = section.slice(section.indexOf("\n") + 1).trim();
  if (notes === "") throw new Error(`Cannot release ${version}: its section of CHANGELOG.md is empty`);
  return notes;
}
