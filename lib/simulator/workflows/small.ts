/** Workflows that show one thing each. */

import type { WorkflowFile } from "./workflow_file.ts";

/** Ends within a second. */
export const quick: WorkflowFile = {
  name: "quick",
  displayName: "Quick",
  description: "Ends within a second",
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

/** Fails at the second of its three steps. */
export const failingStep: WorkflowFile = {
  name: "failing-step",
  displayName: "Failing step",
  description: "Fails at its second step, saying why",
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
          echo "::notice::a report was written"
`,
};

/** Goes on until somebody cancels it. */
export const neverEnding: WorkflowFile = {
  name: "never-ending",
  displayName: "Never ending",
  description: "Goes on until somebody cancels it",
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

/** Asks for permissions and an account variable before it runs. */
export const needsConsent: WorkflowFile = {
  name: "needs-consent",
  displayName: "Needs consent",
  description: "Uses your clusters and an account variable, so it asks first",
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

/** Can't start before its inputs are given. */
export const requiredInputs: WorkflowFile = {
  name: "required-inputs",
  displayName: "Required inputs",
  description: "Can't start before its inputs are given",
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

/** Writes more than one log file holds. */
export const bigLog: WorkflowFile = {
  name: "big-log",
  displayName: "Big log",
  description: "Writes more than one log file holds",
  tags: ["example"],
  yaml: `jobs:
  main:
    steps:
      - name: talk
        run: |
          echo "$(date) the first line"
          for i in $(seq 24); do sleep 1; yes "part of a long report, line after line, for as long as it takes" | head -n 8000; done
          echo "$(date) the last line"
`,
};
