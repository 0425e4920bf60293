import assert from "node:assert/strict";
import { recordDocument, renderRecord, shownInputs } from "../../../lib/cli/render/history.ts";
import { SECRET_MASK } from "../../../lib/redact.ts";
import { styleFor } from "../../../lib/cli/terminal/style.ts";
import type { Submission } from "../../../lib/submission.ts";
import {
  aFinishedSubmission,
  anActiveSubmission,
  anUnconfirmedSubmission,
  aPendingSubmission,
  aReconciliation,
  aRejectedSubmission,
} from "../../support/records.ts";

const ROWS: readonly (readonly [record: Submission, state: string, status: string, runNumber: number | null])[] = [
  [aPendingSubmission(), "pending", "not sent", null],
  [aPendingSubmission({ lostResponses: 1 }), "pending", "unknown", null],
  [anUnconfirmedSubmission(), "unconfirmed", "unknown", null],
  [anActiveSubmission(), "active", "running", 47],
  [aFinishedSubmission(), "finished", "completed", 47],
  [aRejectedSubmission(), "rejected", "rejected", null],
];

for (const [record, state, status, runNumber] of ROWS) {
  Deno.test(`recordDocument() of a submission that is ${state} has the status ${status}`, () => {
    const document = recordDocument(record);
    assert.deepEqual([document.state, document.status, document.runNumber], [state, status, runNumber]);
    assert.equal(document.errorMessage, state === "rejected" ? "No" : null);
  });
}

Deno.test("shownInputs() masks secrets, even those that no form lists", () => {
  const record = aPendingSubmission();
  const inputs = { token: "hunter22", nested: { pin: "4711x" }, message: "shown" };
  const request = { ...record.request, inputs, inputsWithoutSecrets: null, secretPaths: ["nested.pin"] };
  assert.deepEqual(shownInputs({ ...record, request }), {
    token: SECRET_MASK,
    nested: { pin: SECRET_MASK },
    message: "shown",
  });
});

Deno.test("renderRecord() prints a line per fact, and the heading of the inputs", () => {
  const show = (record: Submission) => renderRecord(record, { style: styleFor(false) });
  assert.match(
    show(aRejectedSubmission({ idempotencyKey: { text: "k", attempt: 2 } })),
    /^Workflow +hello-world\nStatus +rejected\nRun .*\nSubmitted +19(?:70-01-01|69-12-31) \d\d:\d\d:01 \S+\nIdempotency key +k \(attempt 2\)\nAccount +demo on localhost\nReason +No *\n\nInputs$/,
  );
  assert.match(show(anUnconfirmedSubmission({ reconciliation: aReconciliation() })), /^Unconfirmed +cut$/m);
});
