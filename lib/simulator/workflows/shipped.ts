/** The built-in workflows, in the order of the server's list. */

import { dataProcessorWorkflow } from "./data_processor.ts";
import { everyTypeWorkflow } from "./every_type.ts";
import { helloWorldWorkflow } from "./hello_world.ts";
import { matrixSweepWorkflow } from "./matrix_sweep.ts";
import { openNotebookWorkflow } from "./open_notebook.ts";
import { simulationRunnerWorkflow } from "./simulation_runner.ts";
import {
  bigLogWorkflow,
  failingStepWorkflow,
  needsConsentWorkflow,
  neverEndingWorkflow,
  quickWorkflow,
  requiredInputsWorkflow,
} from "./small.ts";
import type { WorkflowFile } from "./workflow_file.ts";

export const SHIPPED_WORKFLOWS: readonly WorkflowFile[] = [
  helloWorldWorkflow,
  dataProcessorWorkflow,
  simulationRunnerWorkflow,
  openNotebookWorkflow,
  matrixSweepWorkflow,
  failingStepWorkflow,
  neverEndingWorkflow,
  quickWorkflow,
  needsConsentWorkflow,
  requiredInputsWorkflow,
  everyTypeWorkflow,
  bigLogWorkflow,
];
