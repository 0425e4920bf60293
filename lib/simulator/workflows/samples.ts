/** Workflows as users have them. */

import type { WorkflowFile } from "../state.ts";

export const SAMPLE_WORKFLOWS: readonly WorkflowFile[] = [
  // Prints a message: the first workflow to try.
  {
    name: "hello-world",
    displayName: "Hello world",
    description: "Prints a message on a compute resource, directly or through a scheduler",
    tags: ["example", "mpi"],
    isFavorite: true,
    readme: "# Hello world\n\nPrints a message on the chosen resource.\n",
    presets: {
      "quick-check": { hello: { message: "Still there?" }, resource: "a30gpuserver" },
      "on-slurm": {
        submit_to_scheduler: true,
        slurm: { is_disabled: false, cpus_per_task: 4, partition: "batch" },
        hello: { message: "Hello from Slurm" },
      },
    },
    scenario: {
      "hello/prepare": {
        logs: ["${{ now }} preparing the run folder", { after: "5s", text: "${{ now }} ready" }],
      },
      "hello/run mpi": {
        logs: [
          "${{ now }} mpirun -n ${{ inputs.slurm.cpus_per_task }} hello",
          "${{ inputs.hello.message }}",
          { after: "3s", times: 10, text: "${{ now }} iteration ${{ line }} of 10" },
        ],
      },
      "hello/collect": {
        logs: [{ after: "7s", text: "${{ now }} done" }],
        outputs: { message: "${{ inputs.hello.message }}" },
      },
    },
    yaml: `# Prints a message on a compute resource.
on:
  execute:
    inputs:
      resource: { type: compute-clusters, label: Resource, autoselect: true, provider: [existing], tooltip: Where to run }
      workflow_dir:
        type: string
        label: Working directory
        optional: true
        tooltip: Leave empty for the home directory
      submit_to_scheduler: { type: boolean, label: Submit to scheduler, default: false }
      slurm:
        type: group
        label: SLURM settings
        collapsed: true
        items:
          is_disabled: { type: boolean, label: Without SLURM, default: true, hidden: true }
          cpus_per_task: { type: integer, label: CPUs per task, min: 1, max: 128, default: 1 }
          partition: { type: string, label: Partition, default: batch }
      pbs:
        type: group
        label: PBS settings
        collapsed: true
        items:
          is_disabled: { type: boolean, label: Without PBS, default: true, hidden: true }
      hello:
        type: group
        label: Hello
        items:
          message: { type: string, label: Message, default: Hello World, tooltip: Text to print }
jobs:
  hello:
    working-directory: \${{ inputs.workflow_dir }}
    steps:
      - name: prepare
        run: mkdir -p results
      - name: run mpi
        run: mpirun -n \${{ inputs.slurm.cpus_per_task }} hello "\${{ inputs.hello.message }}"
      - name: collect
        run: echo "message=\${{ inputs.hello.message }}" >> $OUTPUTS
`,
  },
  // Two jobs; the second uses an output of the first.
  {
    name: "data-processor",
    displayName: "Data processor",
    description: "Cleans a data set and summarizes it",
    tags: ["data"],
    isFavorite: true,
    readme: "# Data processor\n\nFetches a data set, cleans it and writes a summary.\n",
    presets: { nightly: { dataset: "weather", rows: 50000, clean: { drop_empty: true, decimals: 1 } } },
    scenario: {
      "fetch/download": {
        lasts: "8s",
        logs: ["${{ now }} fetching ${{ inputs.dataset }}"],
        outputs: { rows: "${{ inputs.rows }}" },
      },
      "fetch/check": { lasts: "2s", logs: ["${{ now }} ${{ inputs.rows }} rows valid"] },
      "summarize/clean": { lasts: "6s", logs: ["${{ now }} cleaning ${{ needs.fetch.outputs.rows }} rows"] },
      "summarize/summarize": {
        logs: [{ after: "3s", text: "::notice title=Summary::${{ inputs.dataset }}-summary.csv written" }],
        outputs: { summary: "${{ inputs.dataset }}-summary.csv", read: "${{ needs.fetch.outputs.rows }}" },
      },
      "summarize/POST summarize": { logs: ["${{ now }} scratch space released"] },
    },
    yaml: `on:
  execute:
    inputs:
      dataset:
        type: dropdown
        label: Data set
        options:
          - { label: Weather stations, value: weather }
          - { label: River levels, value: rivers }
          - { label: Traffic counts, value: traffic }
      rows: { type: integer, label: Rows to read, min: 1, max: 1000000, default: 1000 }
      clean:
        type: group
        label: Cleaning
        items:
          drop_empty: { type: boolean, label: Drop empty rows, default: true }
          decimals: { type: integer, label: Decimals, min: 0, max: 9, default: 2, optional: true }
configurations:
  small: { inputs: { dataset: rivers, rows: 10 } }
jobs:
  fetch:
    steps:
      - name: download
        run: |
          fetch "\${{ inputs.dataset }}"
          echo "rows=\${{ inputs.rows }}" >> $OUTPUTS
      - name: check
        run: validate --rows \${{ inputs.rows }}
  summarize:
    needs: [fetch]
    steps:
      - name: clean
        run: clean --rows \${{ needs.fetch.outputs.rows }}
      - name: summarize
        cleanup: rm -r scratch
        run: |
          summarize "\${{ inputs.dataset }}"
          echo "summary=\${{ inputs.dataset }}-summary.csv" >> $OUTPUTS
          echo "read=\${{ needs.fetch.outputs.rows }}" >> $OUTPUTS
`,
  },
  // A run of twenty minutes with a larger form.
  {
    name: "simulation-runner",
    displayName: "Simulation runner",
    description: "Runs a fluid dynamics case to its end time",
    tags: ["cfd", "hpc", "long"],
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
  },
  // Starts a session and runs until canceled, like interactive workflows.
  {
    name: "open-notebook",
    displayName: "Open notebook",
    description: "Starts a notebook server on a compute resource",
    tags: ["interactive"],
    readme: "# Open notebook\n\nStarts a notebook server and opens it in the browser.\n",
    scenario: {
      "notebook/install": { lasts: "4s", logs: ["${{ now }} installing ${{ inputs.version }}"] },
      "notebook/serve": {
        logs: ["${{ now }} listening on port 8888", {
          after: "1m",
          times: "forever",
          text: "${{ now }} still serving",
        }],
      },
      "notebook/POST serve": { logs: ["${{ now }} server stopped"] },
    },
    yaml: `sessions:
  session:
    type: tunnel
    redirect: true
on:
  execute:
    inputs:
      resource:
        type: compute-clusters
        label: Resource
        default: a30gpuserver
        include-workspace: true
      version:
        type: dropdown
        label: Version
        default: stable
        options:
          - { label: Stable, value: stable }
          - { label: Latest, value: latest }
jobs:
  notebook:
    steps:
      - name: install
        run: pip install notebook
      - name: serve
        cleanup: jupyter server stop
        run: jupyter server --port 8888
`,
  },
];
