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
      rows:
        type: integer
        label: Rows to read
        min: 1
        max: 1000000
        default: 1000
      clean:
        type: group
        label: Cleaning
        items:
          drop_empty: { type: boolean, label: Drop empty rows, default: true }
          decimals: { type: integer, label: Decimals, min: 0, max: 9, default: 2, optional: true }
configurations:
  small: { dataset: rivers, rows: 10 }
jobs:
  fetch:
    steps:
      - name: download
        run: |
          echo "$(date) fetching \${{ inputs.dataset }}"
          sleep 8
          echo "rows=\${{ inputs.rows }}" >> $OUTPUTS
      - name: check
        run: |
          echo "$(date) \${{ inputs.rows }} rows valid"
          sleep 2
  summarize:
    needs: [fetch]
    steps:
      - name: clean
        run: |
          echo "$(date) cleaning \${{ needs.fetch.outputs.rows }} rows"
          sleep 6
      - name: summarize
        cleanup: echo "$(date) scratch space released"
        run: |
          sleep 3
          echo "summary=\${{ inputs.dataset }}-summary.csv" >> $OUTPUTS
          echo "read=\${{ needs.fetch.outputs.rows }}" >> $OUTPUTS
          echo "::notice title=Summary::\${{ inputs.dataset }}-summary.csv written"
`,
};
