import assert from "node:assert/strict";
import { ConsentRequired, NotFound, Rejected } from "../../lib/errors.ts";
import { describeConsent, withConsentDetails } from "../../lib/runs/consent.ts";
import { aRequest } from "../support/records.ts";

const CODE = "workflow_consent_required";
const CONSENT = { permissions: ["*", "runs:write"], variables: ["TOKEN"] };
const refusal = new Rejected("Cannot submit: no (403)", [], { code: CODE });

Deno.test("describeConsent() names permissions and variables, and all permissions as such", () => {
  assert.equal(describeConsent(CONSENT), "all permissions (*), permission runs:write, variable TOKEN");
  for (const consent of [null, { permissions: [], variables: [] }]) assert.equal(describeConsent(consent), "");
});

for (
  const [requestedConsent, message] of [
    [
      CONSENT,
      "Cannot run hello-world: it requires your consent to all permissions (*), permission runs:write, variable TOKEN",
    ],
    [null, "Cannot run hello-world: it requires your consent"],
  ] as const
) {
  Deno.test(`withConsentDetails() reports "${message}"`, () => {
    const error = withConsentDetails(aRequest({ requestedConsent }), refusal);
    assert.ok(error instanceof ConsentRequired);
    assert.deepEqual([error.message, error.commandHint], [message, "Grant it for this run with --trust"]);
    assert.equal(error.cause, refusal);
  });
}

for (
  const [what, isTrusted, error] of [
    ["that is trusted already", true, refusal],
    ["that was refused for another reason", false, new NotFound("no", { code: "workflow_not_found" })],
    ["that was refused without a code", false, new Rejected("it needs your consent")],
    ["that failed by a bug", false, new TypeError("a bug")],
  ] as const
) {
  Deno.test(`withConsentDetails() leaves the error of a workflow ${what}`, () => {
    assert.equal(withConsentDetails(aRequest({ isTrusted, requestedConsent: CONSENT }), error), error);
  });
}
