import assert from "node:assert/strict";
import { viewRuns } from "../../../lib/cli/tracking/run_view.ts";
import { createOutput } from "../../../lib/cli/output.ts";
import type { RunEvent } from "../../../lib/events.ts";
import { aContext } from "../../support/cli_context.ts";
import { stillClock } from "../../support/still_clock.ts";
import { bufferedWriter } from "../../support/writer.ts";

Deno.test("runs of one name have a row each, with a status of their own", () => {
  const stderr = bufferedWriter({ isTerminal: true });
  const context = aContext({ stdout: bufferedWriter({ isTerminal: true }), stderr });
  const output = createOutput(context, { mode: "text", level: "INFO", color: "never", isDumb: false });
  using view = viewRuns(output, stillClock(), { names: ["twice", "twice"], signal: new AbortController().signal });
  view.showOf(0)(STATUS);
  assert.match(stderr.pieces.at(-1) ?? "", /twice +running .*\ntwice +waiting *\n/);
});

const STATUS: RunEvent = {
  type: "status",
  submissionId: "000",
  atMs: 0,
  status: "running",
  platformStatus: "running",
  elapsedMs: 1_000,
  position: null,
  timeLeft: null,
};
