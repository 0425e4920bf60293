/** The built-in workflows, in the order of the server's list. */

import { dataProcessor } from "./data_processor.ts";
import { everyType } from "./every_type.ts";
import { helloWorld } from "./hello_world.ts";
import { matrixSweep } from "./matrix_sweep.ts";
import { openNotebook } from "./open_notebook.ts";
import { simulationRunner } from "./simulation_runner.ts";
import { bigLog, failingStep, needsConsent, neverEnding, quick, requiredInputs } from "./small.ts";
import type { WorkflowFile } from "./workflow_file.ts";

export const SHIPPED_WORKFLOWS: readonly WorkflowFile[] = [
  helloWorld,
  dataProcessor,
  simulationRunner,
  openNotebook,
  matrixSweep,
  failingStep,
  neverEnding,
  quick,
  needsConsent,
  requiredInputs,
  everyType,
  bigLog,
];
