import assert from "node:assert/strict";
import { checkTag, installNotes, notesFor } from "../../../.ci/release/notes.ts";

Deno.test("checkTag() accepts v and the version", () => checkTag("v1.2.3", "1.2.3"));

for (const tag of ["v1.2.4", "1.2.3", "v1.2.3-rc.1", ""]) {
  Deno.test(`checkTag() refuses "${tag}" for 1.2.3`, () => {
    assert.throws(() => checkTag(tag, "1.2.3"), /^Error: Cannot release .*: the program's version is 1\.2\.3/);
  });
}

const CHANGELOG = `# Changelog

## Unreleased

- later

## [1.10.0] - 2026-02-01

### Added

- ten

## 1.1.0 - 2026-01-01

- one

## 1.0.0
`;

const SECTIONS = [["1.10.0", "### Added\n\n- ten"], ["1.1.0", "- one"]] as const;
for (const [version, notes] of SECTIONS) {
  Deno.test(`notesFor() returns the section of ${version}`, () => assert.equal(notesFor(version, CHANGELOG), notes));
}

const REFUSED = [["1.1", /has no section "## 1\.1 - DATE"$/], ["2.0.0", /has no section "## 2\.0\.0 - DATE"$/], [
  "1.0.0",
  /is empty$/,
]] as const;
for (const [version, message] of REFUSED) {
  Deno.test(`notesFor() refuses ${version}`, () => assert.throws(() => notesFor(version, CHANGELOG), message));
}

Deno.test("installNotes() has the addresses of this release", () => {
  const notes = installNotes({ repository: "https://github.com/some/where", tag: "v1.2.3", commit: "abc" });
  assert.match(notes, /^curl -fsSL https:\/\/github\.com\/some\/where\/releases\/download\/v1\.2\.3\/install\.sh \|/m);
  assert.match(notes, /PW_VERSION=1\.2\.3 sh$/m);
  assert.match(notes, /^deno run -A https:\S+\/v1\.2\.3\/pw-workflow-runner\.js list$/m);
  assert.match(notes, /^For Windows: https:\S+\/v1\.2\.3\/pw-workflow-runner-x86_64-pc-windows-msvc\.exe$/m);
  assert.match(notes, /`uses: some\/where@abc`/);
});

Deno.test("release_notes.ts exits with 1 and prints no notes if the tag does not match the version", async () => {
  const script = new URL("../../../.ci/release_notes.ts", import.meta.url);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-read", script.href, "v0.0.0"],
    env: { NO_COLOR: "1" },
    stdin: "null",
    signal: AbortSignal.timeout(60_000),
  }).output();
  assert.deepEqual({ code, notes: new TextDecoder().decode(stdout) }, { code: 1, notes: "" });
  assert.match(new TextDecoder().decode(stderr), /^Cannot release v0\.0\.0: the program's version is /);
});
