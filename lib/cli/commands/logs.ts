import { didYouMean } from "../../did_you_mean.ts";
import { UsageError } from "../../errors.ts";
import type { RunDetail, Step } from "../../run.ts";
import { allJobs, allSteps, hasFailed, type PlacedJob } from "../../runs/view.ts";
import { type ArgValues, flag, integer, option } from "../argv.ts";
import { defineCommand, JSON_OPTION } from "../command.ts";
import { ONE_OR_PICKED_RUN, openRun } from "../tracking/run_ref.ts";
import { followLogs, printLogs, type WantedLogs } from "../tracking/show_logs.ts";

const ARGS = {
  ...ONE_OR_PICKED_RUN,
  follow: flag("Follow the logs until the run ends", "f"),
  job: option("JOB", "Only this job and those inside it, by name or path (session_runner/ssh_job)"),
  step: option("STEP", "Only this step, by name or number"),
  tail: option("N", "Only the last N lines of each step, and at most 8 MiB", integer({ min: 0 })),
  failed: flag("Only steps that failed"),
  ...JSON_OPTION,
} as const;

export const command = defineCommand({
  examples: {
    "pw-workflow-runner logs hello-world-00046 --tail 20": "Show the last lines of each step",
    "pw-workflow-runner logs hello-world#46 -f": "Follow the logs until the run ends",
  },
  notes:
    "Without RUN, at a terminal, you select one of the latest runs. --follow tries for 30 minutes to reach a server that " +
    "does not respond.",
  args: ARGS,
  async run(call) {
    const { output, values } = call;
    if (values.follow === true && output.mode === "json") {
      throw new UsageError("Cannot use --follow together with --json");
    }
    await using opened = await openRun(call, "logs");
    const { deps, runId, run } = opened;
    const show = values.follow === true ? followLogs : printLogs;
    const isFailedOnly = values.failed === true;
    const wanted = { run, isSelected: selection(run, values), isFailedOnly, tail: values.tail };
    return await show({ ...call, deps }, runId, wanted);
  },
});

/** @throws UsageError if the run has no job or step of that name. */
function selection(
  run: RunDetail,
  { job: jobName, step: stepName, failed }: Pick<ArgValues<typeof ARGS>, "job" | "step" | "failed">,
): WantedLogs["isSelected"] {
  const isInJob = ({ fullPath }: PlacedJob) => jobName === undefined || isInside(fullPath, jobName);
  const isStep = ({ name, index }: Step) => name === stepName || String(index + 1) === stepName;
  if (jobName !== undefined) {
    const jobs = allJobs(run.jobs);
    if (!jobs.some(isInJob)) throw notFoundInRun("job", jobName, jobs.map(({ path }) => path.join("/")));
  }
  const steps = allSteps(run.jobs).filter(isInJob).map(({ step }) => step);
  if (stepName !== undefined && !steps.some(isStep)) {
    throw notFoundInRun("step", stepName, steps.map(({ name }) => name));
  }
  return (placed) =>
    isInJob(placed) && (stepName === undefined || isStep(placed.step)) && (failed !== true || hasFailed(placed.step));
}

/**
 * Whether a job, or one around it, is meant.
 *
 * @param fullPath The names of jobs and the steps between them.
 * @param wanted The name of a job, or a path to it, in which names may be left out: `session_runner/ssh_job`.
 */
function isInside(fullPath: readonly string[], wanted: string): boolean {
  const names = wanted.split(/\s*[/›]\s*/);
  const last = names.pop();
  return fullPath.some((name, depth) => {
    if (depth % 2 === 1) return false;
    if (name === wanted) return true;
    let next = 0;
    for (const around of fullPath.slice(0, depth)) if (around === names[next]) next += 1;
    return name === last && next === names.length;
  });
}

function notFoundInRun(kind: string, name: string, names: readonly string[]): UsageError {
  const called = kind === "step" ? "name or number" : "name";
  const available = [...new Set(names)].map((name) => `"${name}"`).join(", ");
  return new UsageError(`Cannot show the ${kind} "${name}": the run has no ${kind} of that ${called}`, {
    hint: didYouMean(name, names) ?? `Available: ${available || "none yet"}`,
  });
}
