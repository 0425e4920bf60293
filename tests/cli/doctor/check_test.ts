import assert from "node:assert/strict";
import { failed, ok, okUnless, resultOfError, warning } from "../../../lib/cli/doctor/check.ts";
import { mostSevereEnd } from "../../../lib/cli/exit_codes.ts";
import { Skipped } from "../../../lib/cli/doctor/facts.ts";
import { formatBytes } from "../../../lib/cli/doctor/machine_checks.ts";
import { CredentialError } from "../../../lib/errors.ts";

Deno.test("the most severe failed check decides the exit code, and warnings do not count", () => {
  const refused = resultOfError(new CredentialError("credential_refused", "Cannot get it", { hint: "Fix it" }));
  const clock = failed("failed", "", "");
  assert.deepEqual(mostSevereEnd([ok(""), warning("", ""), resultOfError(new Skipped(""))]), {
    exitCode: 0,
    kind: "completed",
  });
  assert.deepEqual(mostSevereEnd([ok(""), clock]), { exitCode: 1, kind: "failed" });
  assert.deepEqual(mostSevereEnd([clock, refused]), { exitCode: 4, kind: "credential_refused" });
});

Deno.test("okUnless() reports all warnings at once", () => {
  const warnings = [["a is wrong", "Fix a"], false, ["b too", "Fix b"]] as const;
  assert.deepEqual(okUnless("detail", warnings), warning("detail; a is wrong; b too", "Fix a. Fix b"));
  assert.deepEqual(okUnless("detail", [false]), ok("detail"));
});

for (
  const [bytes, text] of [[0, "0 bytes"], [1_023, "1023 bytes"], [1_536, "1.5 KiB"], [2 ** 50, "1024 TiB"]] as const
) {
  Deno.test(`formatBytes(${bytes}) is ${text}`, () => assert.equal(formatBytes(bytes), text));
}
