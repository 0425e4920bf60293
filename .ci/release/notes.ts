import { assetName } from "./targets.ts";

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
  if (section === undefined) {
    throw new Error(`Cannot release ${version}: CHANGELOG.md has no section "## ${version} - DATE"`);
  }
  const notes = section.slice(section.indexOf("\n") + 1).trim();
  if (notes === "") throw new Error(`Cannot release ${version}: its section of CHANGELOG.md is empty`);
  return notes;
}

/** How to install a release, with its addresses. `repository` is a URL like `https://github.com/NAME/REPOSITORY`. */
export function installNotes(
  { repository, tag, commit }: { readonly repository: string; readonly tag: string; readonly commit: string },
): string {
  const files = `${repository}/releases/download/${tag}`;
  const action = new URL(repository).pathname.slice(1);
  return `## Install

The binary, into \`~/.local/bin\`:

\`\`\`sh
curl -fsSL ${files}/install.sh | PW_VERSION=${tag.slice(1)} sh
\`\`\`

For Windows: ${files}/${assetName("x86_64-pc-windows-msvc")}

With Deno, without installing anything, or as a command:

\`\`\`sh
deno run -A ${files}/pw-workflow-runner.js list
deno install -g -A -n pw-workflow-runner ${files}/pw-workflow-runner.js
\`\`\`

In GitHub Actions: \`uses: ${action}@${commit}\`. Where a file was built: \`gh attestation verify FILE --repo ${action}\`.`;
}
