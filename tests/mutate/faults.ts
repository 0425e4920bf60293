/** The named faults: each one that the tests must notice. The place of each must exist. */

import type { Fault } from "./fault.ts";
import { BATCHES_FAULTS } from "./faults/batches.ts";
import { CLI_FAULTS } from "./faults/cli.ts";
import { INPUTS_FAULTS } from "./faults/inputs.ts";
import { PLATFORM_FAULTS } from "./faults/platform.ts";
import { PROMPTS_FAULTS } from "./faults/prompts.ts";
import { RUNS_FAULTS } from "./faults/runs.ts";
import { SCHEDULER_FAULTS } from "./faults/scheduler.ts";
import { SERVER_FAULTS } from "./faults/server.ts";
import { SUITES_FAULTS } from "./faults/suites.ts";
import { STORE_FAULTS } from "./faults/store.ts";

export const NAMED_FAULTS: readonly Fault[] = [
  ...BATCHES_FAULTS,
  ...RUNS_FAULTS,
  ...STORE_FAULTS,
  ...SCHEDULER_FAULTS,
  ...SERVER_FAULTS,
  ...PLATFORM_FAULTS,
  ...INPUTS_FAULTS,
  ...PROMPTS_FAULTS,
  ...CLI_FAULTS,
  ...SUITES_FAULTS,
];
