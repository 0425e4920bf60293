/** The built-in workflows, in the order of the server's list: samples, and those that each demonstrate one behavior. */

import type { WorkflowFile } from "../state.ts";
import { everyTypeWorkflow } from "./every_type.ts";
import { SAMPLE_WORKFLOWS } from "./samples.ts";

export const SHIPPED_WORKFLOWS: readonly WorkflowFile[] = [
  ...SAMPLE_WORKFLOWS,
  // One job for each combination, two at a time, and a job that collects the results.
  {
    name: "matrix-sweep",
    displayName: "Matrix sweep",
    description: "Solves the same case for several angles and speeds",
    tags: ["cfd", "sweep"],
    scenario: {
      "solve/0": {
        lasts: "10s",
        logs: ["${{ now }} ${{ inputs.airfoil }} at ${{ matrix.angle }} degrees, ${{ matrix.speed }}"],
        outputs: { lift: "${{ matrix.angle }}" },
      },
      "gather/gather": { lasts: "3s", logs: ["${{ now }} 4 results"] },
    },
    yaml: `on:
  execute:
    inputs:
      airfoil: { type: string, label: Airfoil, default: naca0012 }
jobs:
  solve:
    strategy:
      max-parallel: 2
      matrix:
        angle: [0, 4]
        speed: [slow, fast]
    steps:
      - name: solve \${{ matrix.angle }} \${{ matrix.speed }}
        run: |
          solve \${{ inputs.airfoil }} --angle \${{ matrix.angle }} --speed \${{ matrix.speed }}
          echo "lift=\${{ matrix.angle }}" >> $OUTPUTS
  gather:
    needs: [solve]
    steps:
      - name: gather
        run: gather results
`,
  },
  {
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
  },
  {
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
  },
  {
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
  },
  {
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
  },
  {
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
  },
  everyTypeWorkflow,
  {
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
  },
];
