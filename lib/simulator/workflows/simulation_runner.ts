import type { WorkflowFile } from "./workflow_file.ts";

/** A run of twenty minutes with a larger form. */
export const simulationRunnerWorkflow: WorkflowFile = {
  name: "simulation-runner",
  displayName: "Simulation runner",
  description: "Runs a fluid dynamics case to its end time",
  tags: ["cfd", "hpc", "long"],
  isFavorite: false,
  readme: "# Simulation runner\n\nMeshes the case, solves it for about twenty minutes and writes the fields.\n",
  scenario: {
    "mesh/mesh": { lasts: "2m", logs: ["${{ now }} meshing for Re ${{ inputs.reynolds }}"] },
    "solve/decompose": { lasts: "1m", logs: ["${{ now }} ${{ inputs.cores }} parts"] },
    "solve/solve": {
      logs: [
        { after: "10s", times: 90, text: "${{ now }} time step ${{ line }} of 90" },
        "::warning title=Residuals::pressure converged slowly",
      ],
    },
    "write/write fields": {
      logs: [{ after: "2m", text: "${{ now }} written" }],
      outputs: { fields: "${{ inputs.fields }}" },
    },
  },
  yaml: `timeout: 2h
on:
  execute:
    inputs:
      about: { type: header, text: Describe the case to solve }
      solver:
        type: dropdown
        label: Solver
        default: steady
        options:
          - { label: Steady state, value: steady }
          - { label: Transient, value: transient }
          - { label: Large eddy simulation, value: les }
      reynolds: { type: number, label: Reynolds number, min: 0.1, max: 10000000, default: 1000 }
      cores: { type: integer, label: Cores, min: 1, max: 512, default: 16 }
      fields:
        type: multi-dropdown
        label: Fields to write
        default: [pressure]
        options:
          - { label: Pressure, value: pressure }
          - { label: Velocity, value: velocity }
          - { label: Temperature, value: temperature }
      probes:
        type: list
        label: Probes
        optional: true
        template:
          name: { type: string, label: Name }
          x: { type: number, label: X, default: 0 }
          y: { type: number, label: Y, default: 0 }
      license: { type: password, label: License token, optional: true }
jobs:
  mesh:
    steps:
      - name: mesh
        run: mesh --reynolds \${{ inputs.reynolds }}
  solve:
    needs: [mesh]
    steps:
      - name: decompose
        run: decompose --parts \${{ inputs.cores }}
      - name: solve
        run: mpirun -n \${{ inputs.cores }} solve
  write:
    needs: [solve]
    steps:
      - name: write fields
        run: |
          write \${{ inputs.fields }}
          echo "fields=\${{ inputs.fields }}" >> $OUTPUTS
`,
};
