import type { WorkflowFile } from "./workflow_file.ts";

/** Starts a session and runs until canceled, like interactive workflows. */
export const openNotebookWorkflow: WorkflowFile = {
  name: "open-notebook",
  displayName: "Open notebook",
  description: "Starts a notebook server on a compute resource",
  tags: ["interactive"],
  isFavorite: false,
  readme: "# Open notebook\n\nStarts a notebook server and opens it in the browser.\n",
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
        run: |
          echo "$(date) installing \${{ inputs.version }}"
          sleep 4
      - name: serve
        cleanup: echo "$(date) server stopped"
        run: |
          echo "$(date) listening on port 8888"
          while true; do sleep 60; echo "$(date) still serving"; done
`,
};
