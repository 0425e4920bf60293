import assert from "node:assert/strict";
import { type DoctorCheck, failed, ok, warning } from "../../../lib/cli/doctor/check.ts";
import { doctorDocument, renderCheck, renderSummary } from "../../../lib/cli/doctor/render.ts";
import { styleFor } from "../../../lib/cli/terminal/style.ts";
import { textWidth } from "../../../lib/cli/terminal/text_width.ts";

const passed: DoctorCheck = { name: "account", ...ok("demo of example-org") };
const HINT = "Create an API key in your account settings";
const refused: DoctorCheck = {
  name: "credential",
  ...failed(
    "credential_missing",
    "Cannot find a credential: PW_API_KEY is not set, and neither is anything else",
    HINT,
  ),
};
const plain = (check: DoctorCheck, columns: number) => renderCheck(check, { style: styleFor(false), columns });

Deno.test("a check is one line without a width limit, followed by its hint", () => {
  assert.equal(plain(passed, Infinity), "✓ account     demo of example-org");
  assert.equal(plain(refused, Infinity), `✗ credential  ${refused.detail}\n              ${refused.hint}`);
});

for (const columns of [24, 40, 60, 80]) {
  Deno.test(`no line is wider than ${columns} columns, and no word is split`, () => {
    const text = plain(refused, columns);
    for (const line of text.split("\n")) assert.ok(textWidth(line) <= columns, line);
    assert.deepEqual(text.split(/\s+/), ["✗", "credential", ...`${refused.detail} ${refused.hint}`.split(" ")]);
  });
}

Deno.test("control characters from a server cannot move the cursor or start a line", () => {
  const text = plain({ ...passed, detail: "demo\n✓ \u001b[2J" }, Infinity);
  assert.equal(text, "✓ account     demo\\n✓ \\x1b[2J");
});

Deno.test("the JSON document has a fixed set of members in a fixed order", () => {
  const document = doctorDocument([passed, refused]);
  assert.deepEqual(Object.keys(document), ["checks", "exitCode", "kind", "submitted"]);
  for (const check of document.checks) assert.deepEqual(Object.keys(check), ["name", "status", "detail", "hint"]);
  assert.deepEqual([document.exitCode, document.kind, document.submitted], [4, "credential_missing", "no"]);
});

for (
  const [checks, summary] of [
    [[passed], "No problems found"],
    [[passed, refused], "1 check failed"],
    [[refused, refused, { ...passed, ...warning("", "") }], "2 checks failed, 1 warning"],
  ] as const
) {
  Deno.test(`renderSummary() returns "${summary}"`, () => assert.equal(renderSummary(checks), summary));
}
