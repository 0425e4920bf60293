import assert from "node:assert/strict";
import {
  type CheckResult,
  type DoctorCheck,
  failedCheckResult,
  failedCheckWith,
  formatBytes,
  okCheckResult,
  okCheckUnless,
  overallCheckResult,
  skippedCheckResult,
  warningCheckResult,
} from "../../../lib/cli/doctor/check.ts";
import { CredentialError } from "../../../lib/errors.ts";

Deno.test("the most severe failed check decides the exit code, and warnings do not count", () => {
  const check = (result: CheckResult): DoctorCheck => ({ ...result, name: "account" });
  const refused = check(
    failedCheckWith(new CredentialError("credential_refused", "Cannot get it", { hint: "Fix it" })),
  );
  const clock = check(failedCheckResult("failed", "", ""));
  assert.deepEqual(
    overallCheckResult([check(okCheckResult("")), check(warningCheckResult("", "")), check(skippedCheckResult(""))]),
    {
      exitCode: 0,
      kind: "completed",
    },
  );
  assert.deepEqual(overallCheckResult([clock]), { exitCode: 1, kind: "failed" });
  assert.deepEqual(overallCheckResult([clock, refused]), { exitCode: 4, kind: "credential_refused" });
});

Deno.test("okUnless() reports all warnings at once", () => {
  const warnings = [{ detail: "a is wrong", hint: "Fix a" }, null, { detail: "b too", hint: "Fix b" }];
  assert.deepEqual(okCheckUnless("detail", warnings), warningCheckResult("detail; a is wrong; b too", "Fix a. Fix b"));
  assert.deepEqual(okCheckUnless("detail", [null]), okCheckResult("detail"));
});

for (
  const [bytes, text] of [[0, "0 bytes"], [1_023, "1023 bytes"], [1_536, "1.5 KiB"], [2 ** 50, "1024 TiB"]] as const
) {
  Deno.test(`formatBytes(${bytes}) is ${text}`, () => assert.equal(formatBytes(bytes), text));
}
