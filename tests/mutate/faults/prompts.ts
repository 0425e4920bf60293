import type { Fault } from "../fault.ts";
import { inFile } from "./in_file.ts";

const INTERACTIVE = ["tests/prompts/interactive_test.ts", "tests/prompts"];
const FILL = ["tests/prompts/fill_test.ts", "tests/prompts"];

/** Faults of interactive mode: an unwanted run, or a secret that is shown. */
export const PROMPTS_FAULTS: readonly Fault[] = [
  ...inFile("lib/prompts/interactive.ts", INTERACTIVE, [
    [
      "no at Submit submits all the same",
      "if (!await prompter.confirm(`Submit ${name}?`, { initial: true })) return result;",
      "await prompter.confirm(`Submit ${name}?`, { initial: true });",
    ],
    [
      "saved inputs contain secrets",
      "askNextAction(session, result, withoutSecrets(given, secretPaths))",
      "askNextAction(session, result, given)",
    ],
    [
      "the equivalent command shows secrets",
      "formatInputArguments(name, given, secretPaths, options)",
      "formatInputArguments(name, given, [], options)",
    ],
    [
      "a preset sends no inputs",
      "createInputLayer(`preset ${method.name}`, method.inputs)",
      "createInputLayer(`preset ${method.name}`, {})",
    ],
    [
      "the last run's inputs are not sent",
      'createInputLayer("the last run", lastInputs ?? {})',
      'createInputLayer("the last run", {})',
    ],
    [
      "the last run's inputs are not found",
      "if (run?.slug === undefined || run.slug === null) return null;",
      "return null;",
    ],
    [
      "Run again leaves",
      'if (action !== "again") return result;',
      "return result;",
    ],
    [
      "Show the logs shows nothing",
      'if (action === "logs") await session.showLogs(result);',
      'if (action === "logs") continue;',
    ],
    [
      "Show why it failed shows nothing",
      'else if (action === "errors") await session.showErrors(result);',
      'else if (action === "errors") continue;',
    ],
    ["a run that completed offers to show why it failed", 'result.kind === "failed" ? [', "true ? ["],
    ["other inputs are those to fix", "layer = shouldFix\n", "layer = true\n"],
    [
      "inputs with problems are asked for once more in full",
      "const only = isAskable ? paths : undefined;",
      "const only = undefined;",
    ],
    ["saving does not mention secrets", "Saved without secrets. To use", "To use"],
    [
      "a file that exists is not reported as such",
      "failure instanceof Deno.errors.AlreadyExists",
      "failure instanceof Deno.errors.NotFound",
    ],
    [
      "consent is granted without a question",
      "if (!await prompter.confirm(`${consent}. Grant it for this run?`, { initial: false })) return result;",
      "",
    ],
    ["the summary is not shown", "prompter.note(inputSummary(prepared));", ""],
  ]),
  ...inFile("lib/prompts/fill.ts", FILL, [
    [
      "a secret's default is shown",
      "`default ${isSecretQuestion(question) ? SECRET_MASK : shortened(asText(fallback))}`",
      "`default ${shortened(asText(fallback))}`",
    ],
    [
      "an empty answer removes a secret",
      'return secret === "" ? current : secret;',
      'return secret === "" ? undefined : secret;',
    ],
    ["a secret is typed in the clear", "if (isSecretQuestion(question)) {", "if (false) {"],
    [
      "an empty answer keeps a text",
      'if (text === "" || text === options.fallback) return undefined;',
      'if (text === "") return current;',
    ],
    [
      "a required choice can be left out",
      "isRequired || isListed ? choices",
      "isListed ? choices",
    ],
    [
      "a choice does not start at the current value",
      "{ initial: choices.find(({ value }) => value === current)?.value ??",
      "{ initial:",
    ],
    [
      "no cluster is a cluster with an empty name",
      'if (selected !== "") return selected;',
      "if (true) return selected;",
    ],
    ["a boolean starts at no", "{ initial: (question.current ?? fallback) === true }", "{ initial: false }"],
    [
      "a required text may be empty",
      'return isRequired && (kept === null || kept === "") ? "This is required" : undefined;',
      "return undefined;",
    ],
    [
      "an answer is not validated",
      "if (!isAllowed(field, value)) {",
      "if (false) {",
    ],
    [
      "a typed number is sent as text",
      'if (format === "number") return text.trim()',
      'if (format === "text") return text.trim()',
    ],
  ]),
  ...inFile("lib/prompts/questions.ts", ["tests/prompts/questions_test.ts", "tests/prompts/fill_test.ts"], [
    ["a hidden field is asked for", "[state.hidden, ", "["],
    ["a disabled field is asked for", ", state.disabled]", "]"],
    ["an ignored field is asked for", " || state.ignore === true", ""],
    ["an invalid value in a hidden field is not asked for", " && !isToFix(path, current)", ""],
    ["what a later answer requires is not asked for again", "isMissing ? !isIncluded(path) : ", ""],
    ["a removed value stays", "if (child === undefined) delete object[segment];\n  else", "if (child !== undefined)"],
  ]),
  ...inFile("lib/cli/commands/interactive.ts", ["tests/prompts/terminal_test.ts"], [
    [
      "the logs after a run are not printed",
      "await printLogs({ deps: { ...deps, client }, output, signal }, runId, wanted);",
      "void wanted;",
    ],
    [
      "the failure after a run is not printed",
      "failure === undefined ? none : renderFailureDigest(failure, output.answerStyle)",
      "none",
    ],
    [
      "Ctrl-C and leave it running cancels",
      'if (choice === "keep" ||',
      'if (choice === "keep") await cancelled({ deps }, known);\n  if (choice === "keep" ||',
    ],
    ["Ctrl-C and cancel does not cancel", 'if (choice === "cancel") output', "if (false) output"],
    ["a signal leaves the terminal of a prompt as it is", "mayColorPrompts, signal }", "mayColorPrompts }"],
    ["a cancelled prompt exits with success", "return EXIT_CODES_OF_SIGNALS.SIGINT;", "return EXIT_CODES.completed;"],
  ]),
];
