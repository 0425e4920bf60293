import assert from "node:assert/strict";
import { literalImports, stampCommit } from "../../../.ci/release/sources.ts";
import { sourceFiles } from "../../support/import_graph.ts";

const ROOT = new URL("../../../", import.meta.url);

Deno.test("stampCommit() puts the commit into what --version prints, and changes nothing else", async () => {
  const text = await Deno.readTextFile(new URL("lib/version.ts", ROOT));
  const stamped = stampCommit(text, "abc1234");
  // deno-lint-ignore house/literal-import -- it is made here
  const { VERSION, VERSION_LINE }: typeof import("../../../lib/version.ts") = await import(
    `data:application/typescript,${encodeURIComponent(stamped)}`
  );
  assert.equal(VERSION_LINE, `pw-workflow-runner ${VERSION} (abc1234)`);
  assert.equal(stamped.replace("abc1234", ""), text);
});

Deno.test("stampCommit() refuses a text without a place for the commit", () => {
  assert.throws(() => stampCommit("export const VERSION = 1;", "abc1234"), /^Error: Cannot stamp the commit/);
});

Deno.test("literalImports() names the file that a constant names", () => {
  const text = 'const DEMO: string = "./demo.ts";\nconst { demo } = await import(DEMO);\n';
  assert.equal(literalImports(text, "a.ts"), text.replace("import(DEMO)", 'import("./demo.ts")'));
});

Deno.test("literalImports() refuses an import whose file it can't tell", () => {
  assert.throws(
    () => literalImports("const x = find();\nawait import(x);\n", "lib/a.ts"),
    /^Error: Cannot tell what lib\/a\.ts imports as x/,
  );
});

Deno.test("no file of the program imports what a binary would lack", async () => {
  for (const path of await sourceFiles(ROOT, "lib/")) {
    const literal = literalImports(await Deno.readTextFile(new URL(path, ROOT)), path);
    const unknown = literal.match(/\bimport\((?!\s*")[^)]*\)/g) ?? [];
    // A file of the user's own is no part of the program.
    const isOfTheUser = (found: string) => path === "lib/cli/commands/schedules.ts" && found === "import(url.href)";
    assert.deepEqual(unknown.filter((found) => !isOfTheUser(found)), [], path);
  }
});
