import type { WorkflowFile } from "./workflow_file.ts";

/** Starts a session and runs until canceled, like interactive workflows. */
export const openNotebookWorkflow: WorkflowFile = {
  name: "open-notebook",
  displayName: "Open notebook",
  description: "Starts a notebook server on a compute resource",
  tags: ["interactive"],
  isFavorite: false,
  readme: "# Open notebook\n\nStarts a notebook server and opens it in the browser.\n",
  scenario: {
    "notebook/install": { lasts: "4s", logs: ["${{ now }} installing ${{ inputs.version }}"] },
    "notebook/serve": {
      logs: ["${{ now }} listening on port 8888", { after: "1m", times: "forever", text: "${{ now }} still serving" }],
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
};
