/** The members of every `--json` document: programs read them, so none may be lost or renamed unnoticed. */

import assert from "node:assert/strict";
import type { SimulatorOptions } from "../../lib/simulator/simulator.ts";
import { cliStage } from "../support/cli_stage.ts";
import { aPendingSubmission, aStoredRequest } from "../support/records.ts";

const FAST = ["--poll-interval", "100ms", "--max-poll-interval", "200ms"];

interface Row {
  readonly args: readonly string[];
  /** Calls that come first. */
  readonly before?: readonly (readonly string[])[];
  readonly options?: SimulatorOptions;
  /** Members by path, space-separated; "" is the document, and the first element represents a list. */
  readonly members: Readonly<Record<string, string>>;
  /** Members with these values. */
  readonly values?: Readonly<Record<string, unknown>>;
}

const VIEW =
  "workflowName workflowId runNumber slug status platformStatus startedAt completedAt durationSeconds errorMessage";
const DETAIL = `${VIEW} jobs outputs links`;
const RESULT = `${DETAIL} kind submitted exitCode`;
const OUTCOME = "exitCode kind submitted";
const FAILED_JOB = "name path status failedSteps";
const FAILED_STEP = "name status annotations logTail note";
const RECORD = "submissionId workflowName state status slug runNumber idempotencyKey host user submittedAt updatedAt " +
  "durationSeconds errorMessage";

const ROWS: readonly Row[] = [
  { args: ["list"], members: { "0": "name displayName description type tags favorite owner" } },
  {
    args: ["show", "data-processor"],
    members: {
      "": "id name displayName description type tags owner yaml favorite presets",
      "presets.0": "name isBuiltin inputs",
    },
  },
  {
    args: ["inputs", "explain", "data-processor", "--preset", "nightly", "-i", "rows=7", "-i", "rows=8"],
    members: { "0": "path value origin overrode isSent" },
  },
  {
    args: ["inputs", "schema", "hello-world"],
    members: { "": "$schema title type properties required additionalProperties" },
  },
  {
    args: ["run", "data-processor", "--preset", "nightly", ...FAST],
    members: {
      "": RESULT,
      "jobs.0": "name status steps outputs",
      "jobs.0.steps.0": "name status index uses logPath annotations jobs",
    },
    values: { kind: "completed", submitted: "yes", exitCode: 0 },
  },
  {
    args: ["run", "failing-step", ...FAST],
    members: {
      "": `${RESULT} failure`,
      failure: "summary failedJobs",
      "failure.failedJobs.0": FAILED_JOB,
      "failure.failedJobs.0.failedSteps.0": FAILED_STEP,
    },
    values: { kind: "failed", status: "failed", exitCode: 1 },
  },
  {
    args: ["run", "open-notebook", ...FAST],
    members: { "": `${RESULT} session message`, session: "name url" },
    values: { kind: "session_ready", exitCode: 0 },
  },
  {
    args: ["run", "quick", "--no-wait"],
    members: { "": `${VIEW} ${OUTCOME}` },
    values: { kind: "submitted", submitted: "yes", exitCode: 0 },
  },
  {
    args: ["run", "never-ending", "--timeout", "20s", "--on-timeout", "cancel", ...FAST],
    members: { "": `${RESULT} message` },
    values: { kind: "timeout", status: "timeout", exitCode: 124 },
  },
  {
    args: ["run", "quick", ...FAST],
    options: {
      behavior: { apiVersion: "legacy", legacyRead: "run" },
      faults: [{ on: "submit", cut: "before-effect" }],
    },
    members: { "": `${VIEW} ${OUTCOME} message` },
    values: { kind: "submit_unknown", status: "unknown", submitted: "unknown", exitCode: 6 },
  },
  {
    args: ["run", "quick", "--dry-run"],
    members: { "": "workflowName exitCode kind submitted" },
    values: { kind: "dry_run", submitted: "no" },
  },
  {
    args: ["run", "hello-world", "-i", "hello.message:=7"],
    members: { "": `error ${OUTCOME}`, error: "kind message hint problems", "error.problems.0": "origin path message" },
    values: { kind: "invalid_inputs", submitted: "no", exitCode: 2 },
  },
  {
    args: ["run", "hello-world", "-i", "hello.message:=7", "-i", "hello.mesage=x"],
    members: { error: "kind message hint problems warnings", "error.warnings.0": "origin path message" },
  },
  {
    args: ["run", "quick", "--idempotency-key", "k", "--idempotency-policy", "reject"],
    before: [["run", "quick", "--idempotency-key", "k", ...FAST]],
    members: { "": `error ${OUTCOME}`, error: "kind message hint" },
    values: { kind: "idempotency_key_conflict", exitCode: 2 },
  },
  {
    args: ["status", "hello-world#46"],
    members: { "": `${DETAIL} sessions ${OUTCOME}` },
    values: { kind: "completed", submitted: "no", exitCode: 0 },
  },
  {
    args: ["status", "last"],
    before: [["run", "open-notebook", ...FAST]],
    members: { "": `${DETAIL} sessions ${OUTCOME}`, "sessions.0": "name status isHealthy url errorMessage" },
  },
  {
    args: ["watch", "hello-world#46"],
    members: { "": RESULT },
    values: { kind: "completed", submitted: "no", exitCode: 0 },
  },
  {
    args: ["watch", "hello-world#46", "hello-world#44"],
    members: { "": `runs ${OUTCOME}`, "runs.0": RESULT },
    values: { kind: "failed", exitCode: 1 },
  },
  {
    args: ["open", "hello-world#46", "--url", "https://{host}/{slug}"],
    members: { "": `url ${OUTCOME}` },
    values: { kind: "completed", submitted: "no", exitCode: 0 },
  },
  { args: ["runs"], members: { "": "runs total", "runs.0": `${VIEW} displayName` } },
  { args: ["logs", "failing-step#1"], members: { "0": "job step status path log" } },
  {
    args: ["errors", "failing-step#1"],
    members: {
      "": `slug status summary failedJobs ${OUTCOME}`,
      "failedJobs.0": FAILED_JOB,
      "failedJobs.0.failedSteps.0": FAILED_STEP,
    },
    values: { kind: "failed", exitCode: 1 },
  },
  {
    args: ["cancel", "hello-world#46"],
    members: { "": `runs ${OUTCOME}`, "runs.0": DETAIL },
    values: { kind: "cancelled", exitCode: 0 },
  },
  {
    args: ["resume"],
    before: [["run", "quick", "--no-wait"]],
    members: {
      "": `runs pending detached others ${OUTCOME}`,
      "pending.0": "submissionId workflowName createdAt hasSecrets",
    },
    values: { others: 0, kind: "completed", submitted: "no" },
  },
  {
    args: ["resume", "--all"],
    before: [["run", "quick", "--no-wait"]],
    members: { "runs.0": RESULT },
    values: { detached: [] },
  },
  {
    args: ["history"],
    before: [["run", "quick", "--idempotency-key", "one", ...FAST]],
    members: { "": `records ${OUTCOME}`, "records.0": RECORD },
  },
  {
    args: ["history", "show", "last"],
    before: [["run", "quick", "--idempotency-key", "one", ...FAST]],
    members: { "": `${RECORD} inputs ${OUTCOME}` },
    values: { idempotencyKey: "one", state: "finished", status: "completed", errorMessage: null },
  },
  { args: ["history", "prune", "--keep", "1"], members: { "": `pruned ${OUTCOME}` } },
  {
    args: ["schedules"],
    members: {
      "": "timeline schedules",
      "schedules.0":
        "name cron timeZone workflow suite preset inputsFile displayName isTrusted overlap deadlineMs onDeadline " +
        "backfill jitterMs timelines notify isEnabled policies next",
      "schedules.0.next.0": "id at local",
    },
    values: { timeline: "production" },
  },
  { args: ["doctor"], members: { "": `checks ${OUTCOME}`, "checks.0": "name status detail hint" } },
  {
    args: ["doctor", "--probe", "quick", "--yes", "--probe-delete", "--probe-timeout", "1m"],
    members: {
      "": "version probedOn routes legacyRead slugs duplicateSlugStatus dryRun cancelOfEnded idInPath errorBody " +
        "listOrder maxLimit readLagMs listLagMs workspace clockSkewMs errors sendsRetryAfter sendsRateLimits " +
        "runningSteps fileRanges statuses",
      errors: "unknownRun unknownWorkflow malformedSubmit",
    },
    values: { version: 1, routes: "current" },
  },
];

for (const { args, before = [], options, members, values = {} } of ROWS) {
  Deno.test(`\`${args.join(" ")} --json\` has exactly the documented members`, async () => {
    await using stage = await cliStage(options);
    const request = aStoredRequest({ workflow: "quick", inputs: {} });
    const createdAtMs = stage.nowMs() - 3_600_000;
    await stage.put(aPendingSubmission({ owner: stage.owner, request, createdAtMs, ownSlug: null, nextPollAtMs: 0 }));
    for (const call of before) await stage.call(call);
    const document = await stage.json(...args);
    for (const [path, names] of Object.entries(members)) {
      const found = valueAt(document, path);
      assert.ok(isObject(found), `${path}: ${JSON.stringify(document)}`);
      assert.deepEqual(Object.keys(found).toSorted(), names.split(" ").toSorted(), path);
    }
    for (const [path, value] of Object.entries(values)) assert.deepEqual(valueAt(document, path), value, path);
  });
}

function valueAt(document: unknown, path: string): unknown {
  const segments = path === "" ? [] : path.split(".");
  return segments.reduce((value, name) => isObject(value) ? Reflect.get(value, name) : undefined, document);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
