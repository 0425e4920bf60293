/** A workflow for GitHub Actions. Pure. */

import { headerOf, mergeScript, type Pipeline, shardScript, yamlBlock, yamlText } from "./pipeline.ts";

const CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1";
const SETUP_DENO = "denoland/setup-deno@667a34cdef165d8d2b2e98dde39547c9daac7282 # v2.0.4";
const RESTORE = "actions/cache/restore@27d5ce7f107fe9357f9df03efb73ab90386fccae # v5.0.5";
const SAVE = "actions/cache/save@27d5ce7f107fe9357f9df03efb73ab90386fccae # v5.0.5";
const UPLOAD = "actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0";
const DOWNLOAD = "actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1";

/** GitHub evaluates expressions in every text. */
const literal = (text: string) => text.replaceAll("${{", "${{ '${{' }}");

/** A step that fails does not fail its shard: the job that joins the reports exits as the whole suite. */
export function githubPipeline(pipeline: Pipeline): string {
  const { shardCount, minutes, history, reportFiles, needsRevisions } = pipeline;
  const named = [
    ...pipeline.variables.map((name) => `${name}: \${{ vars.${name} }}`),
    ...pipeline.secrets.map((name) => `${name}: \${{ secrets.${name} }}`),
  ].filter((line) => !/^(?:PW_API_KEY|RUNNER|SHARD):/.test(line)).map((line) => `          ${line}\n`).join("");
  const restored = `with:
          path: ${yamlText(literal(history))}
          key: suite-history-\${{ github.workflow }}-\${{ github.run_id }}-\${{ github.run_attempt }}
          restore-keys: suite-history-\${{ github.workflow }}-`;
  return `${
    headerOf(pipeline)
  }# For .github/workflows/. Of the repository: the secret PW_API_KEY, those secrets and variables that the suites name, and the
# variable RUNNER, the address of a release's pw-workflow-runner.js.
name: suite

on:
  schedule:
    - cron: "17 2 * * *" # UTC
  workflow_dispatch:

permissions:
  contents: read

concurrency:
  group: \${{ github.workflow }}
  cancel-in-progress: false

jobs:
  suite:
    strategy:
      fail-fast: false
      matrix:
        shard: [${Array.from({ length: shardCount }, (_, index) => index + 1).join(", ")}]
    runs-on: ubuntu-latest
    timeout-minutes: ${minutes}
    steps:
      - uses: ${CHECKOUT}
        with:
          persist-credentials: false
${needsRevisions ? "          fetch-depth: 0\n" : ""}      - uses: ${SETUP_DENO}
        with:
          deno-version: "2.9.6"
      - uses: ${RESTORE}
        ${restored}
      - continue-on-error: true # the job below decides
        env:
          PW_API_KEY: \${{ secrets.PW_API_KEY }}
          RUNNER: \${{ vars.RUNNER }}
          SHARD: \${{ matrix.shard }}
${named}        run: ${yamlBlock(literal(shardScript(pipeline, "$SHARD", String(shardCount))), "          ")}
      - if: \${{ !cancelled() }}
        uses: ${UPLOAD}
        with:
          name: shard-\${{ matrix.shard }}
          path: shard-*

  report:
    needs: suite
    if: \${{ !cancelled() }}
    runs-on: ubuntu-latest
    timeout-minutes: 15
    steps:
      - uses: ${SETUP_DENO}
        with:
          deno-version: "2.9.6"
      - uses: ${RESTORE}
        ${restored}
      - uses: ${DOWNLOAD}
        with:
          pattern: shard-*
          merge-multiple: true
      - env:
          RUNNER: \${{ vars.RUNNER }}
        run: ${yamlBlock(literal(mergeScript(pipeline, "--report github ")), "          ")}
      - if: \${{ !cancelled() }} # also if cases fail
        uses: ${SAVE}
        with:
          path: ${yamlText(literal(history))}
          key: suite-history-\${{ github.workflow }}-\${{ github.run_id }}-\${{ github.run_attempt }}
      - if: \${{ !cancelled() }}
        uses: ${UPLOAD}
        with:
          name: report
          path: ${yamlText(literal(reportFiles.join("\n")))}
`;
}
