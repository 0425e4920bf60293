import type { WorkflowFile } from "./workflow_file.ts";

/** One job for each combination, two at a time, and a job that collects the results. */
export const matrixSweepWorkflow: WorkflowFile = {
  name: "matrix-sweep",
  displayName: "Matrix sweep",
  description: "Solves the same case for several angles and speeds",
  tags: ["cfd", "sweep"],
  isFavorite: false,
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
};
