import { didYouMean } from "../../did_you_mean.ts";
import { UsageError } from "../../errors.ts";
import { defineCommand } from "../command.ts";
import { SCRIPTS, SHELLS } from "../completion/scripts.ts";
import { EXIT_CODES } from "../exit_codes.ts";

export const completions = defineCommand({
  name: "completions",
  summary: "let a shell complete commands, workflows and runs",
  usage: "bash|zsh|fish",
  examples: [
    { line: 'eval "$(pw-workflow-runner completions bash)"', does: "in ~/.bashrc" },
    { line: "source <(pw-workflow-runner completions zsh)", does: "in ~/.zshrc, after compinit" },
    {
      line: "pw-workflow-runner completions fish > ~/.config/fish/completions/pw-workflow-runner.fish",
      does: "once, for fish",
    },
  ],
  notes: [
    "Tab then asks the platform for names, with your key, and remembers them for half a minute in your cache folder.",
    "Where the platform does not answer within a second and a half, nothing is offered and nothing is said.",
  ].join("\n"),
  args: { shell: { type: "positional" } },
  run({ output, values }) {
    const shell = SHELLS.find((name) => name === values.shell);
    if (shell === undefined) {
      throw new UsageError(`Cannot complete in ${values.shell}: it is bash, zsh or fish`, {
        hint: didYouMean(values.shell, SHELLS) ?? "See `pw-workflow-runner completions --help`",
      });
    }
    output.raw(SCRIPTS[shell]);
    return Promise.resolve(EXIT_CODES.completed);
  },
});
