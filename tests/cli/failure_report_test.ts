import assert from "node:assert/strict";
import { LocalFailure, OutputFailed, PipeClosed, Stopped } from "../../lib/cli/context.ts";
import { failureDocument, renderFailure, reportOf } from "../../lib/cli/failure_report.ts";
import { styleFor } from "../../lib/cli/terminal/style.ts";
import { CredentialError, InvalidInputs, NotFound, NotSubmitted } from "../../lib/errors.ts";

const DENIED = 'Requires read access to "/x", run again with the --allow-read flag';
const wait = { message: "the run is still running", hint: "watch it", submitted: "yes" } as const;

for (
  const [error, exitCode, kind, submitted] of [
    [new NotFound("Cannot find it"), 5, "not_found", "no"],
    [new NotSubmitted("Cannot submit it"), 8, "not_submitted", "no"],
    [new CredentialError("credential_refused", "Cannot list"), 4, "credential_refused", "no"],
    [new Stopped("SIGTERM", wait), 143, "stopped", "yes"],
    [new Stopped("SIGINT"), 130, "stopped", "no"],
    [new PipeClosed(), 141, "pipe_closed", "no"],
    [new OutputFailed("Cannot write the output: no space left on the disk"), 8, "machine_failed", "no"],
    [new LocalFailure("Cannot write", { hint: "watch it", submitted: "yes", cause: null }), 7, "machine_failed", "yes"],
    [new Deno.errors.AddrInUse("Address already in use (os error 98)"), 8, "machine_failed", "no"],
    [new Error("Disk quota exceeded (os error 122): writefile '/x'"), 8, "machine_failed", "no"],
    [new Error("The handle is invalid. (os error 6): readfile 'con'"), 8, "machine_failed", "no"],
    [new TypeError('Failed loading https://registry.npmjs.org/yaml for package "yaml"'), 8, "machine_failed", "no"],
    [new Deno.errors.NotCapable(DENIED), 2, "usage", "no"],
    [new TypeError(DENIED), 2, "usage", "no"],
    [new TypeError("x is undefined"), 70, "defect", "unknown"],
    ["thrown text", 70, "defect", "unknown"],
  ] as const
) {
  Deno.test(`reportOf(${String(error)}) ends ${exitCode}`, () => {
    const report = reportOf(error);
    assert.deepEqual([report.exitCode, report.kind, report.submitted], [exitCode, kind, submitted]);
    const document = failureDocument(report);
    assert.equal(document.exitCode, exitCode);
  });
}

Deno.test("a missing permission is reported with the flag that grants it", async () => {
  assert.match(
    await renderFailure(reportOf(new TypeError(DENIED)), styleFor(false)),
    /without read access.*\n.*--allow-read/,
  );
});

Deno.test("renderFailure() prints one line per problem, in columns", async () => {
  const error = new InvalidInputs("Cannot run it: 2 problems", [
    { origin: "base.yaml:12", path: "a.b", message: "must be text: got 7" },
    { origin: "-i #2", path: "c", message: "is\u001b[2J missing" },
  ], { hint: "fix them" });
  assert.equal(
    (await renderFailure(reportOf(error), styleFor(false))).replace(/is.*missing/, "is missing"),
    [
      "✗ Cannot run it: 2 problems",
      "  base.yaml:12  a.b  must be text: got 7",
      "  -i #2         c    is missing",
      "  fix them",
    ].join("\n"),
  );
  assert.ok(!(await renderFailure(reportOf(error), styleFor(false))).includes("\u001b"));
});

Deno.test("renderFailure() escapes color sequences from a server and keeps its own colors", async () => {
  const report = reportOf(new NotFound("Cannot find \u001b[31mit", { hint: "try \u001b[32mthat" }));
  const red = styleFor(true).red("✗");
  assert.equal(
    await renderFailure(report, styleFor(true)),
    `${red} Cannot find \\x1b[31mit\n  ${styleFor(true).dim("try \\x1b[32mthat")}`,
  );
});

Deno.test("renderFailure() shows of a long line what is around the problem, with the caret below it", async () => {
  const place = { origin: "a.json:1:5001", path: "b", message: "unknown field" };
  const line = `${"a".repeat(5_000)}WRONG${"z".repeat(5_000)}`;
  const problem = { ...place, excerpt: { line, column: 5_001, length: 5 } };
  const text = await renderFailure(reportOf(new InvalidInputs("Cannot run it", [problem])), styleFor(false));
  const [, , shown = "", caret = ""] = text.split("\n");
  assert.ok(shown.length < 120, `${shown.length}`);
  assert.equal(shown.indexOf("WRONG"), caret.indexOf("^"));
  assert.equal(caret.trim(), "^^^^^");
});

Deno.test("renderFailure() marks no more of a long line than it shows", async () => {
  const excerpt = { line: `ab${"w".repeat(5_000)}`, column: 3, length: 5_000 };
  const problem = { origin: "a.json:1:3", path: "b", message: "is too long", excerpt };
  const text = await renderFailure(reportOf(new InvalidInputs("Cannot run it", [problem])), styleFor(false));
  const [, , shown = "", caret = ""] = text.split("\n");
  assert.equal(shown.length, caret.length);
});
