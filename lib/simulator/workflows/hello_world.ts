import type { WorkflowFile } from "./workflow_file.ts";

/** Prints a message: the first workflow to try. */
export const helloWorldWorkflow: WorkflowFile = {
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
};
