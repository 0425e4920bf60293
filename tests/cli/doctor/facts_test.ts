import assert from "node:assert/strict";
import { gatherFacts } from "../../../lib/cli/doctor/facts.ts";
import { createOutput } from "../../../lib/cli/output.ts";
import { openRunStore } from "../../../lib/store/open_kv.ts";
import type { Origin } from "../../../lib/submission.ts";
import { aContext } from "../../support/cli_context.ts";
import { emptyFolder } from "../../support/main_job.ts";
import { anActiveSubmission, aPendingSubmission } from "../../support/records.ts";

const ORIGINS: readonly Origin[] = [{ type: "command-line" }, { type: "http" }];

for (const scheme of ["sqlite", "deno-kv"]) {
  Deno.test(`runs that the command line and the service track are unfinished in a ${scheme} store`, async () => {
    await using folder = await emptyFolder();
    const url = `${scheme}:${folder.path}/store`;
    {
      await using store = openRunStore(url);
      for (const [index, origin] of ORIGINS.entries()) {
        const submissionId = `id-${index}`;
        const { revision } = await store.put(aPendingSubmission({ submissionId, origin }));
        await store.put(anActiveSubmission({ submissionId, origin, revision }));
      }
    }
    const context = aContext({ env: (name) => name === "PW_STORE_URL" ? url : undefined });
    const output = createOutput(context, { mode: "text", level: "INFO", color: "never" });
    const { history } = await gatherFacts({ context, output, values: {}, signal: new AbortController().signal });
    const { state } = await history;
    assert.deepEqual(state, { type: "sound", records: 2, open: 2, unconfirmed: 0, capabilities: {} });
  });
}
