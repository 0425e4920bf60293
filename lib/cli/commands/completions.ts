import { actionOf, argument, oneOf } from "../argv.ts";
import { defineCommand } from "../command.ts";
import { SCRIPTS, SHELLS } from "../completion/scripts.ts";

const shellOrInstall = actionOf({
  bash: "print the script for bash",
  zsh: "print the script for zsh",
  fish: "print the script for fish",
  powershell: "print the script for PowerShell",
  install: "install completion for your shell, or for the one that follows",
});

export const command = defineCommand({
  examples: {
    "pw-workflow-runner completions install": "Install completion for the shell that SHELL names",
    "pw-workflow-runner completions install powershell": "Install it for PowerShell",
    'eval "$(pw-workflow-runner completions bash)"': "Or add this line to ~/.bashrc",
    "source <(pw-workflow-runner completions zsh)": "Or to ~/.zshrc, after compinit",
    "pw-workflow-runner completions fish | source": "Or to ~/.config/fish/config.fish",
  },
  notes: [
    "install writes the script to a file and adds a line to your shell's profile that loads it: ~/.bashrc (on macOS " +
    "~/.bash_profile), ~/.zshrc or $PROFILE; fish finds the file by itself. Installing again updates the script.",
    "Tab requests names from the platform with your API key, and caches them for 30 seconds in your cache folder. " +
    "If the platform does not respond within 1.5 seconds, no names are offered and no error is shown.",
  ].join("\n\n"),
  isLocal: true,
  args: {
    shell: argument("SHELL", { parse: shellOrInstall }),
    installFor: argument("SHELL", { parse: oneOf(...SHELLS), required: false, onlyAfter: "install" }),
  },
  async run({ context, output, values }) {
    if (values.shell !== "install") return output.raw(SCRIPTS[values.shell]);
    const { installCompletion } = await import("../completion/install.ts");
    const { shell, script, profile, isProfileChanged } = await installCompletion(context, values.installFor);
    output.answer(`${output.answerStyle.green("✓")} Completion for ${shell} is installed in ${script}`);
    if (isProfileChanged) output.answer(`  ${profile} now loads it`);
    output.log("INFO", "Start a new shell to use it");
  },
});
