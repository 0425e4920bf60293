import { argument, oneOf } from "../argv.ts";
import { defineCommand } from "../command.ts";
import { SCRIPTS, SHELLS } from "../completion/scripts.ts";

const shell = oneOf(...SHELLS);

export const completionsCommand = defineCommand({
  examples: [
    { line: 'eval "$(pw-workflow-runner completions bash)"', does: "Add this line to ~/.bashrc" },
    { line: "source <(pw-workflow-runner completions zsh)", does: "Add this line to ~/.zshrc, after compinit" },
    {
      line: "pw-workflow-runner completions fish | source",
      does: "Add this line to ~/.config/fish/config.fish",
    },
  ],
  notes: [
    "Tab requests names from the platform with your API key, and caches them for 30 seconds in your cache folder.",
    "If the platform does not respond within 1.5 seconds, no names are offered and no error is shown.",
  ].join("\n"),
  isLocal: true,
  args: { shell: argument("SHELL", { parse: shell }) },
  run({ output, values }) {
    output.raw(SCRIPTS[values.shell]);
    return Promise.resolve();
  },
});
