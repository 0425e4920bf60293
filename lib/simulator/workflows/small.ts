/** Workflows that each demonstrate one behavior. */

import type { WorkflowFile } from "./workflow_file.ts";

export const quickWorkflow: WorkflowFile = {
  name: "quick",
  displayName: "Quick",
  description: "Completes within a second",
  tags: ["example"],
  scenario: { "main/blink": { logs: ["${{ now }} blink"] } },
  yaml: `jobs:
  main:
    steps:
      - name: blink
        run: blink
`,
};

export const failingStepWorkflow: WorkflowFile = {
  name: "failing-step",
  displayName: "Failing step",
  description: "Fails in its second step, with error annotations",
  tags: ["example", "failure"],
  scenario: {
    "build/configure": { lasts: "3s", logs: ["${{ now }} configuring"] },
    "build/compile": {
      logs: [
        "::group::compile",
        "${{ now }} cc -c solver.c",
        { after: "2s", text: "::warning title=Deprecated::solver.c uses an old interface" },
        { after: "2s", text: "solver.c:42: error: 'dt' undeclared" },
        "::error title=Compilation failed::solver.c:42: 'dt' undeclared",
        "::endgroup::",
      ],
      fails: true,
    },
    "report/report": { logs: ["::notice::report written"] },
  },
  yaml: `jobs:
  build:
    steps:
      - name: configure
        run: ./configure
      - name: compile
        run: make
      - name: install
        run: make install
  report:
    needs: [build]
    if: \${{ always }}
    steps:
      - name: report
        run: write report
`,
};

export const neverEndingWorkflow: WorkflowFile = {
  name: "never-ending",
  displayName: "Never ending",
  description: "Runs until it is canceled",
  tags: ["example"],
  scenario: {
    "watch/start": { lasts: "2s" },
    "watch/watch": {
      logs: ["${{ now }} nothing new", { after: "10s", times: "forever", text: "${{ now }} nothing new" }],
    },
  },
  yaml: `jobs:
  watch:
    steps:
      - name: start
        run: start
      - name: watch
        run: tail -f news
`,
};

export const needsConsentWorkflow: WorkflowFile = {
  name: "needs-consent",
  displayName: "Needs consent",
  description: "Needs consent to use your clusters and an account variable",
  tags: ["example"],
  isThirdParty: true,
  scenario: { "main/use it": { lasts: "2s", logs: ["${{ now }} consent given"] } },
  yaml: `permissions: ["clusters:read", "storage:write"]
variables: [LICENSE_SERVER]
jobs:
  main:
    steps:
      - name: use it
        run: use it
`,
};

export const requiredInputsWorkflow: WorkflowFile = {
  name: "required-inputs",
  displayName: "Required inputs",
  description: "Has required inputs without defaults",
  tags: ["example", "form"],
  scenario: {
    "main/work": {
      lasts: "5s",
      logs: ["${{ now }} ${{ inputs.project }} on ${{ inputs.nodes }} nodes"],
      outputs: { folder: "${{ inputs.output.folder }}" },
    },
  },
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
          work \${{ inputs.project }} --nodes \${{ inputs.nodes }}
          echo "folder=\${{ inputs.output.folder }}" >> $OUTPUTS
`,
};

export const bigLogWorkflow: WorkflowFile = {
  name: "big-log",
  displayName: "Big log",
  description: "Writes more log output than one file holds",
  tags: ["example"],
  scenario: {
    "main/write": {
      logs: [
        "${{ now }} the first line",
        {
          after: "0.125ms",
          times: 192_000,
          text: "one of many identical lines of a very long and repetitive report",
        },
        "${{ now }} the last line",
      ],
    },
  },
  yaml: `jobs:
  main:
    steps:
      - name: write
        run: write report
`,
};
