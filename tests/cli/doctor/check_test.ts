import assert from "node:assert/strict";
import {
  bad,
  byteText,
  type Check,
  conclude,
  odd,
  skipped,
  unlessOdd,
  type Verdict,
  verdictOf,
  well,
} from "../../../lib/cli/doctor/check.ts";
import { CredentialError } from "../../../lib/errors.ts";

Deno.test("the gravest of the failed checks decides how it ends, and warnings don't", () => {
  const check = (verdict: Verdict): Check => ({ ...verdict, name: "account" });
  const refused = check(verdictOf(new CredentialError("credential_refused", "Cannot ask", { hint: "mend it" })));
  const late = check(bad("failed", "", ""));
  assert.deepEqual(conclude([check(well("")), check(odd("", "")), check(skipped(""))]), {
    exitCode: 0,
    kind: "completed",
  });
  assert.deepEqual(conclude([late]), { exitCode: 1, kind: "failed" });
  assert.deepEqual(conclude([late, refused]), { exitCode: 4, kind: "credential_refused" });
});

Deno.test("everything that is odd is said, not the first thing alone", () => {
  const troubles = [{ what: "a is odd", hint: "Mend a" }, null, { what: "b too", hint: "Mend b" }];
  assert.deepEqual(unlessOdd("as it is", troubles), odd("as it is; a is odd; b too", "Mend a. Mend b"));
  assert.deepEqual(unlessOdd("as it is", [null]), well("as it is"));
});

for (
  const [bytes, text] of [[0, "0 bytes"], [1_023, "1023 bytes"], [1_536, "1.5 KiB"], [2 ** 50, "1024 TiB"]] as const
) {
  Deno.test(`byteText(${bytes}) is ${text}`, () => assert.equal(byteText(bytes), text));
}
