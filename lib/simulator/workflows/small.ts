/** Workflows that each demonstrate one behavior. */

import type { WorkflowFile } from "./workflow_file.ts";

export const quickWorkflow: WorkflowFile = {
  name: "quick",
  displayName: "Quick",
  description: "Completes within a second",
  tags: ["example"],
  yaml: `jobs:
  main:
    steps:
      - name: blink
        run: |
          echo "$(date) blink"
          sleep 1
`,
};

export const failingStepWorkflow: WorkflowFile = {
  name: "failing-step",
  displayName: "Failing step",
  description: "Fails in its second step, with error annotations",
  tags: ["example", "failure"],
  yaml: `jobs:
  build:
    steps:
      - name: configure
        run: |
          echo "$(date) configuring"
          sleep 3
      - name: compile
        run: |
          echo "::group::compile"
          echo "$(date) cc -c solver.c"
          sleep 2
          echo "::warning title=Deprecated::solver.c uses an old interface"
          sleep 2
          echo "solver.c:42: error: 'dt' undeclared"
          echo "::error title=Compilation failed::solver.c:42: 'dt' undeclared"
          echo "::endgroup::"
          exit 2
      - name: install
        run: sleep 2
  report:
    needs: [build]
    if: \${{ always }}
    steps:
      - name: report
        run: |
          echo "::notice::report written"
`,
};

export const neverEndingWorkflow: WorkflowFile = {
  name: "never-ending",
  displayName: "Never ending",
  description: "Runs until it is canceled",
  tags: ["example"],
  yaml: `jobs:
  watch:
    steps:
      - name: start
        run: sleep 2
      - name: watch
        run: |
          while true; do echo "$(date) nothing new"; sleep 10; done
`,
};

export const needsConsentWorkflow: WorkflowFile = {
  name: "needs-consent",
  displayName: "Needs consent",
  description: "Needs consent to use your clusters and an account variable",
  tags: ["example"],
  yaml: `permissions: ["clusters:read", "storage:write"]
variables: [LICENSE_SERVER]
jobs:
  main:
    steps:
      - name: use it
        run: |
          echo "$(date) consent given"
          sleep 2
`,
};

export const requiredInputsWorkflow: WorkflowFile = {
  name: "required-inputs",
  displayName: "Required inputs",
  description: "Has required inputs without defaults",
  tags: ["example", "form"],
  yaml: `on:
  execute:
    inputs:
      project: { type: string, label: Project name }
      nodes: { type: integer, label: Number of nodes, min: 1, max: 8 }
      output:
        type: group
        label: Output
        items:
          folder: { type: string, label: Output folder }
          format: { type: string, label: Format, default: csv }
jobs:
  main:
    steps:
      - name: work
        run: |
          echo "$(date) \${{ inputs.project }} on \${{ inputs.nodes }} nodes"
          sleep 5
          echo "folder=\${{ inputs.output.folder }}" >> $OUTPUTS
`,
};

export const bigLogWorkflow: WorkflowFile = {
  name: "big-log",
  displayName: "Big log",
  description: "Writes more log output than one file holds",
  tags: ["example"],
  yaml: `jobs:
  main:
    steps:
      - name: write
        run: |
          echo "$(date) the first line"
          for i in $(seq 24); do sleep 1; yes "one of many identical lines of a very long and repetitive report" | head -n 8000; done
          echo "$(date) the last line"
`,
};
