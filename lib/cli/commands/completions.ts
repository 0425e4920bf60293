import { didYouMean } from "../../did_you_mean.ts";
import { UsageError } from "../../errors.ts";
import { defineCommand } from "../command.ts";
import { SCRIPTS, SHELLS } from "../completion/scripts.ts";
import { EXIT_CODES } from "../exit_codes.ts";

export const completionsCommand = defineCommand({
  name: "completions",
  summary: "Print a shell completion script",
  usage: "bash|zsh|fish",
  examples: [
    { line: 'eval "$(pw-workflow-runner completions bash)"', does: "Add this line to ~/.bashrc" },
    { line: "source <(pw-workflow-runner completions zsh)", does: "Add this line to ~/.zshrc, after compinit" },
    {
      line: "pw-workflow-runner completions fish > ~/.config/fish/completions/pw-workflow-runner.fish",
      does: "Run this once for fish",
    },
  ],
  notes: [
    "Tab requests names from the platform with your API key, and caches them for 30 seconds in your cache folder.",
    "If the platform does not respond within 1.5 seconds, no names are offered and no error is shown.",
  ].join("\n"),
  args: { shell: { type: "positional" } },
  run({ output, values }) {
    const shell = SHELLS.find((name) => name === values.shell);
    if (shell === undefined) {
      throw new UsageError(`Unknown shell ${values.shell}: must be bash, zsh or fish`, {
        hint: didYouMean(values.shell, SHELLS) ?? "See `pw-workflow-runner completions --help`",
      });
    }
    output.raw(SCRIPTS[shell]);
    return Promise.resolve(EXIT_CODES.completed);
  },
});
