import type { Fault } from "../fault.ts";
import { inFile } from "./in_file.ts";

const RUNS = "tests/runs";

/** Faults of the engine: a second run, a lost one, or a wrong result. */
export const RUNS_FAULTS: readonly Fault[] = [
  ...inFile("lib/runs/submit.ts", ["tests/runs/submit_test.ts", RUNS], [
    [
      "two processes with one store both submit",
      "if (!(advanced instanceof WriteConflict)) return advanced;\n",
      "if (!(advanced instanceof WriteConflict)) return advanced;\n  throw advanced;\n",
    ],
    [
      "a rejection after a lost response counts as final",
      "if (submission.lostResponses > 0) {\n    // An earlier attempt",
      "if (submission.lostResponses > 99) {\n    // An earlier attempt",
    ],
    [
      "the search after a 409 is short although a response was lost",
      "submission.lostResponses > 0 ? SEARCH_MS : SEARCH_AFTER_CONFLICT_MS",
      "SEARCH_AFTER_CONFLICT_MS",
    ],
    ["a submit in flight is aborted at once", "clock.sleep(GRACE_MS,", "clock.sleep(0,"],
    [
      "the submission is sent before it is stored",
      "const sent = await putBeforeSending(deps, sending(submission, deps.clock.now()));",
      'const sent = { ...submission, state: "unconfirmed", attempts: 1, sentAtMs: 0, reconciliation: null } as never;',
    ],
    [
      "an existing run with other inputs is taken for ours",
      "if (!hasOtherInputs(run.displayName, submission)) {",
      "if (true) {",
    ],
    [
      "the run loses its correlation tag",
      "displayNameFor(request.displayName ?? request.workflow, displayNameTag(submission))",
      "request.displayName ?? request.workflow",
    ],
    ["a slug other than ours counts as kept", "keepsSlug: run.slug === submission.ownSlug", "keepsSlug: true"],
    [
      "a gateway's error is searched for as briefly as others",
      "isSlow ? SEARCH_BEHIND_GATEWAY_MS : SEARCH_MS",
      "SEARCH_MS",
    ],
    [
      "a refused slug with a key is submitted without the slug",
      "if (isSlugRefused && submission.idempotencyKey !== null) {",
      "if (false) {",
    ],
    [
      "a refused slug without a key rejects the submission",
      "if (isSlugRefused && submission.ownSlug !== null) return",
      "if (false) return",
    ],
    ["a sleeping workspace rejects the submission", "if (workspaceStatus !== null) return", "if (false) return"],
    ["consent is given without being asked", "consent: request.isTrusted ? request", "consent: true ? request"],
    [
      "consent that is missing has no details",
      "return await rejectSubmission(step, withConsentDetails(submission.request, error));",
      "return await rejectSubmission(step, error);",
    ],
    ["Retry-After is ignored before the next submit", "random, retryAfterMs);", "random);"],
    ["the legacy API is searched for a lost run", 'await deps.client.apiVersion(options) === "legacy"', "false"],
  ]),
  ...inFile("lib/runs/reconcile.ts", ["tests/runs/submit_test.ts", RUNS], [
    ["one search that finds nothing is enough", "const MIN_SEARCHES = 3;", "const MIN_SEARCHES = 1;"],
    ["two searches that find nothing are enough", "const MIN_SEARCHES = 3;", "const MIN_SEARCHES = 2;"],
    ["a lost run is searched for one second", "export const SEARCH_MS = 60_000;", "export const SEARCH_MS = 1_000;"],
    [
      "a submission with a lost response is sent again in any case",
      "if (submission.lostResponses === 0) {\n    // Only",
      "if (true) {\n    // Only",
    ],
    [
      "a submission is sent again after its deadline",
      "if (isSecondRunImpossible && isInTime)",
      "if (isSecondRunImpossible)",
    ],
    [
      "a foreign run with our slug is accepted",
      'if (result.type === "ours")',
      'if (result.type === "foreign") return { submission: await activateSubmission(step, { ...submission, slug: submission.ownSlug } as never), events: [] };\n  if (result.type === "ours")',
    ],
    [
      "a process that died while sending is treated as not sent",
      "if (reconciliation === null || reconciliation.isAbandoned) {",
      'if (reconciliation === null) return { submission: { ...submission, state: "pending" } as never, events: [] };\n  if (reconciliation.isAbandoned) {',
    ],
    ["a search that fails is never given up", "nowMs - sinceMs >= limitMs", "false"],
    [
      "a search that has just begun to fail is given up",
      "reconciliation.failingSinceMs ?? searchedAtMs",
      "reconciliation.sinceMs",
    ],
  ]),
  ...inFile("lib/runs/server_capabilities.ts", ["tests/runs/submit_test.ts", RUNS], [
    [
      "a submission is sent again although the server may accept the slug twice",
      "return keepsSlug === true && refusesDuplicateSlug === true;",
      "return keepsSlug === true;",
    ],
    [
      "a submission is sent again although the server may change the slug",
      "return keepsSlug === true && refusesDuplicateSlug === true;",
      "return refusesDuplicateSlug === true;",
    ],
  ]),
  ...inFile("lib/runs/track_run.ts", ["tests/runs/track_run_test.ts"], [
    ["watching a run of another account writes to ours", "runIdOf(run), run.user)", "runIdOf(run))"],
    [
      "watching a run with other inputs makes it ours",
      '(await classify(deps, run, own, options)).type === "ours"',
      "true",
    ],
  ]),
  ...inFile("lib/runs/search.ts", ["tests/runs/search_test.ts", RUNS], [
    ["a run of our slug without a user is a foreign one", 'user === "" || ', ""],
    ["another user's run is ours", "isOwnedBy({ owner }, { user })", "true"],
    ["the user's capitals matter", "isOwnedBy({ owner }, { user })", "user === owner.user"],
    ["an older run is ours", " && (key !== null || !(creationMs(run) < createdAtMs - CLOCK_TOLERANCE_MS))", ""],
    [
      "another workflow's run is ours",
      "(workflowName === null || workflowName === request.workflow || workflowName === workflow)",
      "true",
    ],
    ["a run of another workflow's id is ours", "(run.workflowId ?? (await named())?.id) === wantedId", "true"],
    ["the id of a renamed workflow is not read", "(await named())?.id", "null"],
    ["the id that a run names is not compared", "run.workflowId ?? ", ""],
    [
      "a run with other inputs is ours",
      'if (hasOtherInputs(run.displayName, submission)) return { type: "other-inputs", run };',
      "",
    ],
    ["a page in any order ends the search", "isDescending && lastMs < sinceMs", "lastMs < sinceMs"],
    ["the tag in the list is ignored", "hasCorrelationTag(run.displayName, correlationTag)", "false"],
  ]),
  ...inFile("lib/runs/resume.ts", ["tests/runs/resume_test.ts"], [
    ["a submission with a lost response is listed as never sent", "if (lostResponses > 0) return false;", ""],
    [
      "an old submission is sent without a request",
      "!submitsPending && isOld(submission, nowMs)",
      "false",
    ],
    [
      "an old lost submission is sent again without a word",
      "const isRecent = !isOld(submission, deps.clock.now());",
      "const isRecent = true;",
    ],
    ["--submit-pending does not send an old lost submission", "|| options.submitsPending) {", ") {"],
    [
      "a lost submission is sent again without a search",
      "const result = await searchForRun(redactingDeps(deps, submission), submission, options);",
      'const result = { type: "absent" } as Awaited<ReturnType<typeof searchForRun>>;',
    ],
    ["detached runs are always tracked", "submission.isDetached && !options.includesDetached", "false"],
    [
      "tracked runs come before unconfirmed ones",
      "resumable: [...unconfirmed, ...active]",
      "resumable: [...active, ...unconfirmed]",
    ],
  ]),
  ...inFile("lib/runs/poll.ts", ["tests/runs/execute_test.ts", RUNS], [
    ["two 404s mean that the run was deleted", "const MIN_MISSING_POLLS = 3;", "const MIN_MISSING_POLLS = 2;"],
    ["404s within a second mean that the run was deleted", "const MISSING_MS = 60_000;", "const MISSING_MS = 1_000;"],
    [
      "a failing run ends while its steps run",
      "return isOver(run) ||",
      'return run.isFinal || run.status !== "running" ||',
    ],
    ["a failing run ends only after ten minutes", "return isOver(run) ||", "return run.isFinal ||"],
    ["a failing run whose steps run never ends", "nowMs - (submission.failingSinceMs ?? nowMs) >= FAILING_MS", "false"],
    ["Retry-After is ignored while polling", "retryAfterMs > 0 ?", "false ?"],
    ["a server that asks to wait counts as lost", "error.status === 429 ||", "false &&"],
    ["a short outage is reported", "const MIN_REPORTED_OUTAGE_MS = 10_000;", "const MIN_REPORTED_OUTAGE_MS = 600_000;"],
    [
      "a failed run has no reason",
      'status === "failed" ? await digestFailure(deps, run, options) : undefined',
      "undefined",
    ],
    ["a run counts as ended while it is listed as running", "return isOver(run) ||", "return true ||"],
  ]),
  ...inFile("lib/runs/durations.ts", ["tests/runs/poll_plan_test.ts"], [
    [
      "polls by experience may exceed those of the base schedule at any moment",
      "? 0 : basePollsMs[allowed - 1]",
      "? 0 : 0",
    ],
    ["the gap between planned polls has no limit", "ageMs + maxGapMs);", "Infinity);"],
    ["the plan takes twice the polls of the base schedule", "const BUDGET = 0.95;", "const BUDGET = 2;"],
  ]),
  ...inFile("lib/runs/durations.ts", ["tests/runs/durations_test.ts"], [
    ["runs that still run count as absent", "censored.filter((ageMs) => ageMs >= durationMs).length", "0"],
  ]),
  ...inFile("lib/runs/experience.ts", ["tests/runs/earlier_runs_test.ts", "tests/runs/experience_test.ts"], [
    [
      "a cancelled run counts as one that ended",
      'const hasEnded = status === "completed"',
      'const hasEnded = status === "cancelled" || status === "completed"',
    ],
    ["the tracked run counts as one of the earlier", "submission.run.slug === slug ? []", "false ? []"],
    [
      "the platform's list is always read",
      "if (stored.some(({ hasEnded }) => hasEnded)) return latestEnded(stored);",
      "",
    ],
  ]),
  ...inFile("lib/runs/track.ts", ["tests/runs/execute_test.ts", RUNS], [
    [
      "the run of a key with a lost response counts as ours",
      'return lostResponses === 0 ? "no" : "unknown";',
      'return lostResponses === 0 ? "no" : "yes";',
    ],
    ["a stop before the submit is ignored", "options.signal.throwIfAborted();", ""],
    [
      "the timeout comes without a last poll",
      "advanced = await advanceOne(deps, due, step);",
      "advanced = remainingMs === 0 ? { submission, events: [] } : await advanceOne(deps, due, step);",
    ],
    [
      "--no-wait does not mark the run as detached",
      'recordObservation(deps, submission, { type: "detached" })',
      "Promise.resolve(submission)",
    ],
    ["a run that is attached to is reported as new", 'isAttached: submitted !== "yes"', "isAttached: false"],
  ]),
  ...inFile("lib/runs/reconcile.ts", ["tests/runs/execute_test.ts"], [
    ["a run that is waited for is left alone", "options.isWaiting === false && submission", "submission"],
    ["a run with a key is left alone at once", " && submission.idempotencyKey === null", ""],
  ]),
  ...inFile("lib/in_parallel.ts", ["tests/in_parallel_test.ts"], [
    ["others begin after a failure", " && failure === undefined", ""],
  ]),
  ...inFile("lib/runs/track_result.ts", ["tests/runs/execute_test.ts", RUNS], [
    ["the unreachable timeout is ignored", "if (!isLost) return undefined;", "return undefined;"],
    ["a refused key does not end the wait", "refusedPolls >= MIN_REFUSED_POLLS", "false"],
    [
      "a result comes from another call",
      "return { ...submission.result, submitted: options.submitted };",
      "return submission.result;",
    ],
    [
      "a session is not waited for",
      "const isAwaited = request.startsSession || isSession(run);",
      "const isAwaited = false;",
    ],
  ]),
  ...inFile("lib/runs/track_run.ts", ["tests/runs/execute_test.ts"], [
    [
      "a server whose clock is ahead is polled every second",
      "Math.min(creationMs(run) || nowMs, nowMs)",
      "creationMs(run) || nowMs",
    ],
  ]),
  ...inFile("lib/runs/submit.ts", ["tests/runs/submit_test.ts"], [
    ["a paused workspace is not waited for", '"Stopped", "Paused", "Terminating"', '"Stopped", "Terminating"'],
    ["a restarting workspace is not waited for", '"Pulling", "Restarting"', '"Pulling"'],
    ["a stopped workspace is not waited for", '"Off", "Stopped", "Paused"', '"Off", "Paused"'],
  ]),
  ...inFile("lib/runs/reconcile.ts", ["tests/runs/submit_test.ts"], [
    [
      "a submit that was not sent is never given up, nor a workspace",
      "if (delay.untilMs > deadlineMs(step)) return",
      "if (false) return",
    ],
  ]),
  ...inFile("lib/runs/duplicates.ts", ["tests/runs/duplicates_test.ts"], [
    [
      "an ended run is reported while the list does not show it",
      "oldest === undefined && submission.listedAtMs !== undefined",
      "oldest === undefined",
    ],
  ]),
  ...inFile("lib/runs/idempotency.ts", ["tests/runs/idempotency_test.ts"], [
    [
      "a key with other inputs attaches",
      'if (existing.request.inputsHash !== "" && existing.request.inputsHash !== keyed.request.inputsHash) {',
      "if (false) {",
    ],
    ["a key that was rejected here starts a second run", "(stored === undefined || isUnstarted(stored))", "!stored"],
    ["the policy reject attaches", 'if (policy === "reject") throw', "if (false) throw"],
    [
      "new-if-failed attaches to a failed run",
      '|| (run.status !== "running" && run.status !== "completed");',
      ";",
    ],
    [
      "a rejected key is never free again",
      "if (isUnstarted(existing)) return { ...keyed, revision: existing.revision };",
      "",
    ],
    [
      "the platform is not searched for a key",
      "const result = await searchByKey(deps, keyed, options);",
      'const result = { type: "absent" } as Awaited<ReturnType<typeof searchByKey>>;',
    ],
    ["a legacy server gets a key", 'if (pending.ownSlug === null && !("batchId" in pending.origin)) {', "if (false) {"],
    [
      "a submit that was held up is sent without another search",
      "Math.abs(deps.clock.now() - submission.createdAtMs) <= SEARCH_VALID_MS;",
      "true;",
    ],
  ]),
  ...inFile("lib/runs/transition.ts", ["tests/runs/transition_test.ts"], [
    ["a lost response is not counted", 'reconciliation.cause === "response-lost" ? 1 : 0', "0"],
    [
      "lost responses are dropped before the next submit",
      "    lostResponses: submission.lostResponses,\n  };\n}\n\n/** The submission of a run",
      "    lostResponses: 0,\n  };\n}\n\n/** The submission of a run",
    ],
    ["a pending submission cannot be sent", 'pending: { sending: "unconfirmed",', "pending: {"],
    [
      "a run that was not found is still searched for",
      "sinceMs: nowMs, searches: 0, failingSinceMs: null }",
      "sinceMs: nowMs, searches: 0, isAbandoned: false }",
    ],
    [
      "a resent submission becomes active",
      'case "not-sent":\n    case "resend":\n',
      'case "resend":\n      return undefined;\n    case "not-sent":\n',
    ],
    [
      "a search that never began may find nothing",
      "if (submission.reconciliation === null) return undefined;",
      "if (submission.reconciliation === null) return submission;",
    ],
  ]),
  ...inFile("lib/runs/cancel.ts", ["tests/runs/cancel_test.ts"], [
    ["a canceling run counts as running", " || isBeingCancelled(run)) return run;", ") return run;"],
    [
      "a run that keeps running counts as cancelled",
      "throw new Rejected(",
      "return await client.getRun(runId, { signal });\n  throw new Rejected(",
    ],
    ["a refused cancel is ignored", "if (cancelError !== undefined) throw cancelError;", ""],
  ]),
  ...inFile("lib/runs/failure.ts", ["tests/runs/failure_test.ts"], [
    ["every failed step's log is read", "const MAX_STEPS = 10;", "const MAX_STEPS = 1_000;"],
    ["a tenth failed step has no log", "steps > MAX_STEPS", "steps >= MAX_STEPS"],
    [
      "a failure inside a step that completed counts",
      'filter(({ step }) => step.status !== "completed")',
      "filter(() => true)",
    ],
    [
      "a step fails besides the jobs inside it",
      "hasFailed(step) && causes.length === 0 ? [step]",
      "hasFailed(step) ? [step]",
    ],
    ["missing logs of a subworkflow are not reported", "!reader.isPresent() && lacksJobs(step)", "false"],
  ]),
  ...inFile("lib/runs/view.ts", ["tests/runs/step_tree_test.ts", "tests/runs/failure_test.ts"], [
    [
      "a step that failed by the word failed is left out",
      'status === "error" || status === "failed" ||',
      'status === "error" ||',
    ],
    ["two inner jobs have the same path", "otherNames.has(inner.name) ? [step.name] : []", "[]"],
  ]),
  ...inFile("lib/runs/list_running.ts", ["tests/runs/advance_test.ts", RUNS], [
    ["each run is polled, however many there are", "const MIN_RUNS_FOR_LIST = 4;", "const MIN_RUNS_FOR_LIST = 400;"],
  ]),
  ...inFile("lib/runs/advance_result.ts", ["tests/runs/advance_result_test.ts"], [
    ["What another process sends is recorded as never sent", 'observation.type === "rejected" &&', "false &&"],
    ["A later attempt is taken for the rejected one", "one.attempts !== other.attempts", "false"],
  ]),
  ...inFile("lib/runs/advance.ts", ["tests/runs/advance_test.ts", RUNS], [
    ["what is not due is polled", "isDue(submission, nowMs)", "true"],
  ]),
  ...inFile("lib/runs/slug.ts", ["tests/runs/slug_test.ts", "tests/runs/idempotency_test.ts"], [
    ["two users share a key", "owner.user.toLowerCase(), workflow", "workflow"],
    [
      "a long display name loses its tag",
      "return name.slice(0, DISPLAY_NAME_LENGTH - end.length) + end;",
      "return (name + end).slice(0, DISPLAY_NAME_LENGTH);",
    ],
    ["the inputs' hash is not compared", "&& !request.inputsHash.startsWith(hash)", "&& false"],
  ]),
  ...inFile("lib/runs/prepare.ts", ["tests/runs/prepare_test.ts", "tests/runs/prepare_form_test.ts"], [
    ["invalid inputs are submitted", "if (problems.length === 0) return;", "return;"],
    ["the only cluster that fits is not selected", "const selected = hasClusters ?", "const selected = false ?"],
    ["defaults are not sent", "const resolved = sendsDefaults ?", "const resolved = false ?"],
    ["inputs can change after the check", "inputs: frozen(resolved.value)", "inputs: resolved.value"],
    [
      "answers replace what was given",
      "[...gathered.resolved.layers, ...layersAt(checked.missing, answers)]",
      '[createInputLayer("your answers", answers)]',
    ],
    [
      "a preset overrides the inputs",
      "[presetOf(workflow, spec.preset), ...spec.layers]",
      "[...spec.layers, presetOf(workflow, spec.preset)]",
    ],
    [
      "secrets are not found",
      "const secretPaths = findSecrets(resolved.value, { form, secretPaths: resolved.secretPaths });",
      "const secretPaths: string[] = [];",
    ],
  ]),
  ...inFile("lib/runs/options.ts", ["tests/mod_test.ts"], [
    ["an undefined option replaces its default", "value !== undefined", "true"],
  ]),
  ...inFile("lib/runs/run_workflow.ts", ["tests/mod_test.ts"], [
    ["a given client is replaced by the default one", "if (given.client !== undefined)", "if (false)"],
  ]),
];
