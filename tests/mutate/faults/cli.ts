import type { Fault } from "../fault.ts";
import { inFile } from "./in_file.ts";

const INTERRUPT = ["tests/cli/tracking/interrupt_test.ts"];
const PROGRAM = ["tests/cli/program_test.ts"];

/** Faults of the command line: a run cancelled or left against the user's word, a wrong exit code. */
export const CLI_FAULTS: readonly Fault[] = [
  ...inFile("lib/cli/tracking/track_to_end.ts", INTERRUPT, [
    ["SIGTERM and SIGHUP cancel the run", "mayCancel && (policy", "(policy"],
    [
      "--on-interrupt cancel keeps the run",
      'await ask(question) : policy === "cancel"',
      "await ask(question) : false",
    ],
    [
      "--on-interrupt keep cancels the run",
      'await ask(question) : policy === "cancel"',
      "await ask(question) : true",
    ],
    [
      "--on-timeout cancel keeps the run",
      'if (result.kind !== "timeout" || onTimeout === "keep") return result;',
      "if (true) return result;",
    ],
    [
      "a timeout cancels the run by default",
      'if (result.kind !== "timeout" || onTimeout === "keep") return result;',
      'if (result.kind !== "timeout") return result;',
    ],
    [
      "a run that cannot be cancelled is reported as cancelled",
      "message: `Run ${name} is still running: ${run.message}`",
      "message: `Run ${name} is being cancelled`",
    ],
    [
      "a submission that was never sent may have started a run",
      "if (stored !== null && isUnsent(stored)) return",
      "if (stored !== null && isUnsent(stored) && false) return",
    ],
    [
      "--on-interrupt cancel leaves what was never sent to resume",
      "isCancelling ? await cancelUnsent",
      "false ? await cancelUnsent",
    ],
    [
      "a signal while submitting reports that nothing was started",
      'submitted: "unknown",\n  };',
      'submitted: "no",\n  };',
    ],
    [
      "a run whose submit was interrupted is not cancelled",
      "canCancel ? await cancelSubmitted",
      "false ? await cancelSubmitted",
    ],
    [
      "a run that an interrupted submit starts late is not cancelled",
      "{ signal }).catch(expected(NotFound));",
      "{ signal });",
    ],
    [
      "a CI system kills the job before a cancel without a response is reported",
      'policy === "cancel" ? call.deps.clock.timeout(MAX_CANCEL_MS) : undefined',
      'policy === "ask" ? call.deps.clock.timeout(MAX_CANCEL_MS) : undefined',
    ],
  ]),
  ...inFile("lib/cli/confirm.ts", INTERRUPT, [
    [
      "any answer cancels the run",
      'return /^y(es)?$/i.test((await context.readLine())?.trim() ?? "");',
      "return (await context.readLine()) !== null;",
    ],
    [
      "no answer cancels the run",
      'return /^y(es)?$/i.test((await context.readLine())?.trim() ?? "");',
      'return /^y/i.test((await context.readLine())?.trim() ?? "y");',
    ],
  ]),
  ...inFile("lib/cli/tracking/track_to_end.ts", ["tests/cli/commands/watch_test.ts"], [
    [
      "a run that cannot be read ends the wait for others",
      "{ show, ask }).catch(expected(RunnerError))",
      "{ show, ask })",
    ],
  ]),
  ...inFile("lib/cli/tracking/track_to_end.ts", INTERRUPT, [
    ["the timeout cancels the run", 'onTimeout = "keep"', 'onTimeout = "cancel"'],
    ["--on-interrupt is ignored", '{ onInterrupt: policy = "keep" } = call.values', 'policy = String("keep")'],
  ]),
  ...inFile("lib/cli/reporter.ts", [
    "tests/cli/reporter_test.ts",
    "tests/cli/github_report_test.ts",
    "tests/action_test.ts",
  ], [
    ["a report contains the run's secrets", "redact(cleanLog(text))", "cleanLog(text)"],
    ["the slug is written at the end only", 'writeOutputs({ "run-slug": event.slug ?? "" });', ""],
    ["the API key is not masked", 'print(workflowCommand("add-mask", {}, text));', ""],
    ["the log of a run can contain workflow commands", 'print(workflowCommand("stop-commands", {}, token));', ""],
  ]),
  ...inFile("lib/cli/tracking/track_to_end.ts", INTERRUPT, [
    ["Ctrl-C during resume cancels the run", 'policy = "keep"', 'policy = "cancel"'],
    [
      "one key answers the questions about several runs",
      "inOrder(() => askYesNo(call, question))",
      "askYesNo(call, question)",
    ],
  ]),
  ...inFile("lib/cli/commands/watch.ts", INTERRUPT, [
    ["Ctrl-C during watch cancels the run", "deps }, trackRun", 'deps, values: { onInterrupt: "cancel" } }, trackRun'],
    ["Ctrl-C during watch asks", "deps }, trackRun", 'deps, values: { onInterrupt: "ask" } }, trackRun'],
  ]),
  ...inFile("lib/cli/commands/run.ts", [...INTERRUPT, ...PROGRAM], [
    ["Ctrl-C asks where there is no terminal", 'canAsk(context) && output.mode === "text" ? "ask" : "keep"', '"ask"'],
    ["Ctrl-C during run never asks", 'canAsk(context) && output.mode === "text" ? "ask" : "keep"', '"keep"'],
    [
      "run always exits with 0",
      "output.style));\n  return exitCode;",
      "output.style));\n  return 0;",
    ],
    ["--dry-run starts a run", "if (isDryRun) {\n    await dryRun", "if (false) {\n    await dryRun"],
  ]),
  ...inFile("lib/cli/commands/resume.ts", ["tests/cli/commands/resume_test.ts", ...INTERRUPT], [
    [
      "resume always exits with 0",
      "...mostSevereEnd(runs)",
      "...mostSevereEnd([])",
    ],
    ["resume tracks detached runs unasked", "includesDetached: values.all === true", "includesDetached: true"],
    ["resume sends old submissions unasked", "submitsPending: values.submitPending === true", "submitsPending: true"],
    ["resume does not list what it skips", "logSkipped(output, unfinished, deps.clock.now());", ""],
  ]),
  ...inFile("lib/cli/commands/logs.ts", [
    "tests/cli/commands/logs_test.ts",
    "tests/cli/subworkflows_test.ts",
    "tests/cli/terminal_test.ts",
  ], [
    ["logs --failed shows every step", "(failed !== true || hasFailed(placed.step))", "true"],
    [
      "logs --job does not find inner jobs by name",
      "return name === last && next",
      "return depth === 0 && name === last && next",
    ],
    ["logs of an unknown step show nothing", "if (stepName !== undefined && !steps.some(isStep)) {", "if (false) {"],
  ]),
  ...inFile("lib/cli/tracking/show_logs.ts", ["tests/cli/commands/logs_test.ts", "tests/cli/terminal_test.ts"], [
    ["one refusal of the key ends logs -f", "&& !isFirst) throw error;", ") throw error;"],
    [
      "an outage ends logs -f",
      "if (!isTemporary(error) && !(error instanceof BadResponse) && !isFirst) throw error;",
      "throw error;",
    ],
    [
      "logs -f tries forever",
      "if (deps.clock.monotonic() - lostAtMs >= DEFAULT_TRACK.unreachableTimeoutMs) throw error;",
      "",
    ],
  ]),
  ...inFile("lib/cli/commands/rerun.ts", ["tests/cli/commands/rerun_test.ts", ...PROGRAM], [
    ["rerun ignores its -i", "...prompted, ...overrides]", "...prompted]"],
    ["a rerun stores what was typed without echo", "?? null, isSecret: true }", "?? null }"],
    ["rerun submits without its secrets", "if (paths.length > 0 && !context.stdin.isTerminal) {", "if (false) {"],
  ]),
  ...inFile("lib/cli/exit_codes.ts", ["tests/cli/exit_codes_test.ts"], [
    [
      "an unknown outcome is less severe than a failure",
      "[0, 3, 1, 2, 5, 8, 124, 4, 7, 6, ",
      "[0, 6, 3, 1, 2, 5, 8, 124, 4, 7, ",
    ],
    [
      "a defect is less severe than a signal",
      "129, 130, 143, 141, 70]",
      "70, 129, 130, 143, 141]",
    ],
  ]),
  ...inFile("lib/cli/tracking/run_ref.ts", ["tests/cli/tracking/run_ref_test.ts"], [
    [
      "a number without a workflow is a slug",
      "if (parseNumber(text) !== undefined) {\n    throw new UsageError(`${text} is",
      "if (false) {\n    throw new UsageError(`${text} is",
    ],
  ]),
  ...inFile("lib/cli/failure_report.ts", ["tests/cli/failure_report_test.ts"], [
    ["a defect reports that nothing was submitted", 'submitted: "unknown",\n  };', 'submitted: "no",\n  };'],
    [
      "a package that cannot be downloaded is a defect",
      "UNLOADED.test(error.message)",
      "false",
    ],
  ]),
  ...inFile("lib/cli/output.ts", ["tests/cli/machine_errors_processes_test.ts"], [
    ["a result that cannot be written is not named", "runs === undefined || !(error", "true || !(error"],
  ]),
  ...inFile("lib/cli/commands/inputs.ts", ["tests/cli/machine_errors_processes_test.ts"], [
    ["a file for the output is not checked", "() => context.checkNewFile(path)", "() => Promise.resolve()"],
  ]),
  ...inFile("lib/cli/output.ts", ["tests/cli/output_test.ts", "tests/cli/hostile_text_test.ts"], [
    ["secrets are printed", "const redacted = redact(text);", "const redacted = text;"],
    [
      "control characters reach the terminal",
      "raw: (text: string) => write(stdout, text, escapeControlCharacters)",
      "raw: (text: string) => write(stdout, text, (text) => text)",
    ],
    [
      "JSON contains control characters",
      "text : escapeJson(formatJson(shown)));",
      "text : formatJson(shown));",
    ],
    ["secrets are printed in a document", "const shown = redactJson(value, redact);", "const shown = value;"],
    ["the log level is ignored", "if (shows(messageLevel)) lines(stderr", "lines(stderr"],
    ["pipes are wrapped", "fitting !== undefined && writer.isTerminal ?", "fitting !== undefined ?"],
  ]),
  ...inFile("lib/cli/terminal/wrap.ts", ["tests/cli/terminal/wrap_test.ts"], [
    ["lines of a log are wrapped", " || LOG_LINE.test(text)", ""],
    ["a command is broken where it cannot be pasted", "(?<=: |^ *)pw-workflow-runner .*$", "^never$"],
  ]),
  ...inFile("lib/cli/commands/runs.ts", ["tests/cli/commands/runs_test.ts"], [
    [
      "runs of a misspelled workflow are an empty list",
      "if (runs.length === 0 && workflow !== undefined) await findWorkflow",
      "if (false && workflow !== undefined) await findWorkflow",
    ],
    [
      "runs --since ends at the first older page of a list in any order",
      "reachesBeyond(page.runs, sinceMs)",
      "creationMs(page.runs.at(-1)) < sinceMs",
    ],
    ["runs --offset skips twice", "const toSkip = isFilteredHere ? offset : 0;", "const toSkip = offset;"],
  ]),
  ...inFile("lib/cli/run_page.ts", ["tests/cli/commands/open_test.ts"], [
    ["any program can be opened", "|| !/^https?:$/.test(new URL(text).protocol)", ""],
    ["the browser inherits the API key", 'withoutEnv: ["PW_API_KEY"]', "withoutEnv: []"],
    ["a run's name changes the address", "encodeURIComponent(value)", "value"],
  ]),
  ...inFile("lib/cli/completion/complete.ts", ["tests/cli/completion/complete_test.ts"], [
    ["a name ends the quotes of PowerShell", '.replace(/[\'\\u2018-\\u201b]/g, "$&$&")', ""],
  ]),
  ...inFile("lib/cli/completion/install.ts", ["tests/cli/commands/completions_test.ts"], [
    ["installing again adds the line again", "if (text.split(/\\r?\\n/).includes(line)) return false;", ""],
    ["the line is appended to the last line of the profile", 'text === "" || text.endsWith("\\n")', "true"],
  ]),
  ...inFile("lib/cli/program.ts", ["tests/cli/aliases_test.ts"], [
    ["inputs -o FILE selects a format", '["inputs", "files"].includes(name ?? "")', "false"],
  ]),
  ...inFile("lib/cli/argv.ts", ["tests/cli/argv_test.ts"], [
    [
      "an unknown option is ignored",
      "if (key === undefined) unknown.push(written);",
      "if (key === undefined) continue;",
    ],
    [
      "a value for a switch is ignored",
      "else if (value !== undefined) problems.push({ message: `${written} takes no value` });\n    ",
      "",
    ],
  ]),
  ...inFile("lib/cli/render/history.ts", ["tests/cli/render/history_test.ts", "tests/cli/commands/history_test.ts"], [
    [
      "a lost submission is shown as not sent",
      '?? (isUnknown ? "unknown" : "not sent")',
      '?? "not sent"',
    ],
    [
      "the history shows secrets",
      "return maskSecrets(inputs ?? {}, [...secretPaths, ...unlisted]);",
      "return inputs ?? {};",
    ],
  ]),
];
