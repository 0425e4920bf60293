/** A pipeline for GitLab. Pure. */

import { headerOf, mergeScript, type Pipeline, shardScript, yamlBlock, yamlText } from "./pipeline.ts";

/** The shards may fail: the job that joins their reports exits as the whole suite, and names a shard without a report. */
export function gitlabPipeline(pipeline: Pipeline): string {
  const { shardCount, minutes, history, reportFiles, needsRevisions } = pipeline;
  return `${
    headerOf(pipeline)
  }# For .gitlab-ci.yml, or as a child pipeline. Variables of the project: PW_API_KEY (masked), those that the suites name, and
# RUNNER, the address of a release's pw-workflow-runner.js.
.suite:
  image: denoland/deno:2.9.6
  cache:
    key: suite-history-$CI_COMMIT_REF_SLUG
    fallback_keys: [suite-history-$CI_DEFAULT_BRANCH]
    paths: [${yamlText(`${history}/`)}]

suite:
  extends: .suite
  parallel: ${shardCount}
  timeout: ${minutes} minutes
  allow_failure: true # the job below decides
  cache: { policy: pull }
${needsRevisions ? '  variables: { GIT_DEPTH: "0" }\n' : ""}  script:
    - ${yamlBlock(shardScript(pipeline, "$CI_NODE_INDEX", "$CI_NODE_TOTAL"), "      ")}
  artifacts:
    when: always
    paths: [shard-*.json]
    reports: { junit: shard-*.xml }

report:
  extends: .suite
  needs: [suite]
  when: always
  timeout: 15 minutes
  cache: { when: always } # also if cases fail
  script:
    - ${yamlBlock(mergeScript(pipeline), "      ")}
  artifacts:
    when: always
    paths: [${reportFiles.map(yamlText).join(", ")}]
`;
}
