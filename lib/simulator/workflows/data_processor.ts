import type { WorkflowFile } from "./workflow_file.ts";

/** Two jobs; the second uses an output of the first. */
export const dataProcessorWorkflow: WorkflowFile = {
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
};
