import assert from "node:assert/strict";
import type { Check } from "../../../lib/cli/doctor/check.ts";
import { doctorDocument, renderCheck, renderConclusion } from "../../../lib/cli/doctor/render.ts";
import { styleFor } from "../../../lib/cli/terminal/style.ts";
import { textWidth } from "../../../lib/cli/terminal/text_width.ts";

const fine: Check = { name: "account", status: "ok", detail: "demo of example-org", hint: null };
const refused: Check = {
  name: "credential",
  status: "failed",
  detail: "Cannot find a key: looked at PW_API_KEY (not set) and every other place",
  hint: "Create an API key in your account settings",
  kind: "credential_missing",
  exitCode: 4,
};
const plain = (check: Check, columns: number) => renderCheck(check, { style: styleFor(false), columns });

Deno.test("a check is one line where nothing bounds it, with what to do below", () => {
  assert.equal(plain(fine, Infinity), "✓ account     demo of example-org");
  assert.equal(plain(refused, Infinity), `✗ credential  ${refused.detail}\n              ${refused.hint}`);
});

for (const columns of [24, 40, 60, 80]) {
  Deno.test(`no line is wider than ${columns} columns, and no word is broken`, () => {
    const text = plain(refused, columns);
    for (const line of text.split("\n")) assert.ok(textWidth(line) <= columns, line);
    assert.deepEqual(text.split(/\s+/), ["✗", "credential", ...`${refused.detail} ${refused.hint}`.split(" ")]);
  });
}

Deno.test("what a server put into a detail can't move the cursor or begin a line", () => {
  const text = plain({ ...fine, detail: "demo\n✓ \u001b[2J" }, Infinity);
  assert.equal(text, "✓ account     demo\\n✓ \\x1b[2J");
});

Deno.test("the document's members are these, in this order", () => {
  const document = doctorDocument([fine, refused]);
  assert.deepEqual(Object.keys(document), ["checks", "exitCode", "kind", "submitted"]);
  for (const check of document.checks) assert.deepEqual(Object.keys(check), ["name", "status", "detail", "hint"]);
  assert.deepEqual([document.exitCode, document.kind, document.submitted], [4, "credential_missing", "no"]);
});

for (
  const [checks, words] of [
    [[fine], "Nothing is wrong"],
    [[fine, refused], "1 check failed"],
    [[refused, refused, { ...fine, status: "warning" }], "2 checks failed, 1 warning"],
  ] as const
) {
  Deno.test(`renderConclusion() says ${words}`, () => assert.equal(renderConclusion(checks), words));
}
