/** The check of all cases before the first run is submitted. */

import assert from "node:assert/strict";
import { systemClock } from "../../lib/clock.ts";
import { cliStage } from "../support/cli_stage.ts";
import { emptyFolder } from "../support/main_job.ts";

const SUITE = `version: 1
name: two
cases:
  - name: one
    workflow: quick
  - name: two
    workflow: never-ending
`;

Deno.test("a check of cases ends once one of its requests is refused, while another has no response", async () => {
  await using folder = await emptyFolder();
  const path = `${folder.path}/suite.yaml`;
  await Deno.writeTextFile(path, SUITE);
  const hanging = { on: "get-workflow", latencyMs: 3_600_000, times: Infinity } as const;
  await using stage = await cliStage({ clock: systemClock, faults: [{ on: "get-workflow", status: 403 }, hanging] });
  const { code, stderr } = await stage.call(["test", path]);
  assert.equal(code, 4, stderr);
  // None was sent again.
  assert.equal(stage.simulator.received("get-workflow").length, 2);
});
