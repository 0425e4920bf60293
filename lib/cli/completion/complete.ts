/**
 * Serves the shell scripts: `__complete SHELL -- …` prints one candidate per line and reports no errors.
 *
 * Replaces `@bomb.sh/tab`, which finds candidates synchronously, so none can come from a platform; it never completes
 * files beside other candidates, and always adds a space after `name=`; and its bash script passes the typed line and the
 * candidates to `eval` and `compgen -W`, so that Tab executes a `$(…)` in a workflow's name. The scripts here never
 * evaluate either.
 */

import { abortable } from "../../abortable.ts";
import { decodeBase64 } from "../../base64.ts";
import { actionOf, type Args, argument, flag, scanWords } from "../argv.ts";
import { COMMON_OPTIONS, listedArgs, splitCommand } from "../command.ts";
import { COMMANDS, findCommand } from "../commands.ts";
import type { Context } from "../context.ts";
import { EXIT_CODES } from "../exit_codes.ts";
import { withDotenv } from "../settings.ts";
import { padToWidth, textWidth } from "../terminal/text_width.ts";
import { bashReply, parseBashLine } from "./bash_line.ts";
import { allowsFiles, type Candidate, findCompletionCandidates } from "./candidates.ts";
import { completionSources, TIMEOUT_MS } from "./sources.ts";
import { type CommandLineCursor, findCommandLineCursor, type TypedWords } from "./target.ts";

/** Prints the candidates for a shell. Never throws, and prints nothing when there are none. */
export async function completeCommandLine(context: Context): Promise<number> {
  try {
    using deadline = context.clock.timeout(TIMEOUT_MS);
    // Few words need it: a file that cannot be read, or a named pipe, leaves the others.
    const withEnv = await abortable(withDotenv(context), deadline.signal).catch(() => context);
    const lines = await completeFor(withEnv);
    if (lines.length > 0) context.stdout.write(lines.map((line) => `${line}\n`).join(""));
  } catch {
    // The command itself will report the error; a message here would end up in the line that the user types.
  }
  return EXIT_CODES.completed;
}

async function completeFor(context: Context): Promise<readonly string[]> {
  // `__complete SHELL -- WORD…`
  const end = context.args.indexOf("--");
  const words = context.args.slice(end + 1);
  switch (context.args[end - 1]) {
    case "bash": {
      const [text = "", breaks = ""] = words;
      const line = parseBashLine(text, breaks);
      if (line.isRedirect) return [SHELL_FILES];
      const { words: [, ...before], current } = line;
      // The lines go into COMPREPLY unchanged, so matching and quoting happen here.
      return await reply(
        context,
        { before, current },
        (candidates) =>
          candidates.filter(({ text }) => text.startsWith(current)).map((candidate) => bashReply(candidate, line)),
      );
    }
    case "zsh":
      return await reply(context, typedWords(words), replyForZsh);
    case "fish": {
      // Fish passes the last word as typed, with its quotes, which are similar to those of bash.
      const { before, current } = typedWords(words);
      const unquoted = parseBashLine(current, "");
      const word = { before, current: unquoted.words.length === 0 ? unquoted.current : current };
      return await reply(context, word, (candidates) =>
        // Fish matches, quotes, and adds a space except after `=` and `/`.
        candidates.map(({ text, description }) => `${text}\t${description}`));
    }
    case "powershell": {
      // Base64 of words that are separated by NUL characters.
      const decoded = new TextDecoder().decode(decodeBase64(words[0] ?? ""));
      const { before, current } = typedWords(decoded.split("\0"));
      // An unclosed quote is part of the word.
      const word = { before, current: current.replace(/^['"]/, "") };
      const lines = await reply(context, word, (candidates) => replyForPowerShell(candidates, word.current));
      // Without candidates, PowerShell completes files by itself.
      return lines.filter((line) => line !== SHELL_FILES);
    }
    default:
      return [];
  }
}

async function reply(
  context: Context,
  typed: TypedWords,
  render: (candidates: readonly Candidate[]) => readonly string[],
): Promise<readonly string[]> {
  const { prefix, target } = await cursorOf(typed);
  if (target === undefined) return [];
  const given = new Map(scanWords(COMMON_OPTIONS, typed.before).options.map(({ key, value }) => [key, value]));
  const sources = completionSources(context, { context: given.get("context"), cacert: given.get("cacert") });
  const current = typed.current.slice(prefix.length);
  const found = await findCompletionCandidates(target, current, sources);
  const candidates = found.map((candidate) => ({ ...candidate, text: `${prefix}${candidate.text}` }));
  if (allowsFiles(target, current) && !candidates.some(({ text }) => text.startsWith(typed.current))) {
    return [SHELL_FILES];
  }
  return render(candidates);
}

const SUBJECTS = {
  ...Object.fromEntries(COMMANDS.map(({ name, summary }) => [name, summary])),
  help: "Show help for a command",
  version: "Show the version",
};

const WITHOUT_COMMAND: Args = {
  command: argument("COMMAND", { parse: actionOf(SUBJECTS) }),
  ...COMMON_OPTIONS,
  version: flag("Show the version"),
};

async function cursorOf({ before, current }: TypedWords): Promise<CommandLineCursor> {
  const { name, argv } = splitCommand(before);
  if (name === undefined) return findCommandLineCursor(WITHOUT_COMMAND, { before, current });
  const entry = findCommand(name);
  if (entry !== undefined) {
    const command = await entry.load();
    const action = scanWords(command.args, argv).positionals[0]?.text;
    return findCommandLineCursor(listedArgs(command, action), { before: argv, current }, command.forms);
  }
  if (name !== "help") return { prefix: "", target: undefined };
  const { HELP_TOPICS } = await import("../help.ts");
  const topics = Object.fromEntries(HELP_TOPICS.map(({ name, title }) => [name, title]));
  const subject = argument("COMMAND", { parse: actionOf({ ...SUBJECTS, ...topics }) });
  return findCommandLineCursor({ ...WITHOUT_COMMAND, command: subject }, { before: argv, current });
}

function typedWords(words: readonly string[]): TypedWords {
  return { before: words.slice(0, -1), current: words.at(-1) ?? "" };
}

/** Makes the shell complete files by itself. */
const SHELL_FILES = ":files";

/** Tab-separated: `full` or `partial`, the word, its display text. Zsh matches and quotes. */
function replyForZsh(candidates: readonly Candidate[]): readonly string[] {
  const width = Math.max(0, ...candidates.map(({ text }) => textWidth(text)));
  return candidates.map(({ text, description, isComplete }) => {
    const display = description === "" ? text : `${padToWidth(text, width)}  -- ${description}`;
    return `${isComplete ? "full" : "partial"}\t${text}\t${display}`;
  });
}

/** Tab-separated: the word as PowerShell inserts it, the word, its description. Matching and quoting happen here. */
function replyForPowerShell(candidates: readonly Candidate[], current: string): readonly string[] {
  return candidates
    .filter(({ text }) => text.startsWith(current))
    .map(({ text, description }) => [quotedForPowerShell(text), text, description || text].join("\t"));
}

/** PowerShell also reads the typographic quotes as single quotes. */
function quotedForPowerShell(text: string): string {
  if (/^[\w./\\:=+-]+$/.test(text)) return text;
  return `'${text.replace(/['\u2018-\u201b]/g, "$&$&")}'`;
}
