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
      resource: "cloudslurm",
    },
  },
  yaml: `# Prints a message on a compute resource.
on:
  execute:
    inputs:
      resource:
        type: compute-clusters
        label: Resource
        autoselect: true
        include-workspace: false
        tooltip: Where to run
      workflow_dir:
        type: string
        label: Working directory
        optional: true
        tooltip: Leave empty for the home directory
      submit_to_scheduler:
        type: boolean
        label: Submit to scheduler
        default: false
      slurm:
        type: group
        label: SLURM settings
        collapsed: true
        items:
          is_disabled:
            type: boolean
            label: Without SLURM
            default: true
            hidden: true
          cpus_per_task:
            type: integer
            label: CPUs per task
            min: 1
            max: 128
            default: 1
          partition:
            type: string
            label: Partition
            default: batch
      pbs:
        type: group
        label: PBS settings
        collapsed: true
        items:
          is_disabled:
            type: boolean
            label: Without PBS
            default: true
            hidden: true
      hello:
        type: group
        label: Hello
        items:
          message:
            type: string
            label: Message
            tooltip: Text to print
jobs:
  hello:
    working-directory: \${{ inputs.workflow_dir }}
    steps:
      - name: prepare
        run: |
          echo "$(date) preparing the run folder"
          sleep 5
          echo "$(date) ready"
      - name: run mpi
        run: |
          echo "$(date) mpirun -n \${{ inputs.slurm.cpus_per_task }} hello"
          echo "\${{ inputs.hello.message }}"
          for i in $(seq 10); do sleep 3; echo "$(date) iteration $i of 10"; done
      - name: collect
        run: |
          echo "message=\${{ inputs.hello.message }}" >> $OUTPUTS
          sleep 7
          echo "$(date) done"
`,
};
