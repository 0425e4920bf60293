/** Installs completion for the user: a script file, and a line in the shell's profile that loads it. */

import { UsageError } from "../../errors.ts";
import { orNull, orUsageError } from "../../os_error.ts";
import { shellWord } from "../../shell_command.ts";
import type { Context } from "../context.ts";
import { userFolder } from "../state_path.ts";
import { SCRIPTS, type Shell, SHELLS } from "./scripts.ts";

type InstallContext = Pick<Context, "env" | "os" | "runProgram">;

/**
 * Installs again over an earlier installation.
 *
 * @param shell Default: the shell of the environment.
 * @returns The paths of the script, and of the profile that loads it: `null` for a shell that finds it by itself.
 * @throws UsageError if the shell, its profile or a folder cannot be determined.
 */
export async function installCompletion(context: InstallContext, shell: Shell = currentShell(context)) {
  const script = shell === "fish"
    ? fishScript(context)
    : dataFile(context, `completion.${shell === "powershell" ? "ps1" : shell}`);
  const profile = await profileOf(context, shell);
  const places = profile === null ? script : `${script} and ${profile}`;
  return await orUsageError(`install completion in ${places}`, async () => {
    await createParent(script);
    await Deno.writeTextFile(script, SCRIPTS[shell]);
    const isProfileChanged = profile !== null && await addLine(profile, LOADING_LINES[shell](script));
    return { shell, script, profile, isProfileChanged };
  }, `\`pw-workflow-runner completions ${shell}\` prints the script`);
}

/** What a profile contains to load the script, unless it was removed. */
const LOADING_LINES: Readonly<Record<Shell, (script: string) => string>> = {
  bash: (script) => `[ ! -f ${shellWord(script)} ] || . ${shellWord(script)}`,
  zsh: (script) =>
    `[ ! -f ${shellWord(script)} ] || { (( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }; ` +
    `. ${shellWord(script)}; }`,
  powershell: (script) => {
    const path = `'${script.replaceAll("'", "''")}'`;
    return `if (Test-Path -LiteralPath ${path}) { . ${path} }`;
  },
  fish: () => "",
};

function currentShell({ env, os }: InstallContext): Shell {
  const name = env("SHELL")?.split("/").at(-1);
  const shell = SHELLS.find((shell) => shell === name || (shell === "powershell" && name === "pwsh"));
  if (shell !== undefined) return shell;
  if (os === "windows") return "powershell";
  throw new UsageError(
    name ? `Cannot complete in the shell ${name}` : "Cannot determine your shell: SHELL is not set",
    { hint: `Specify one: \`pw-workflow-runner completions install ${SHELLS.join("|")}\`` },
  );
}

async function profileOf(context: InstallContext, shell: Shell): Promise<string | null> {
  switch (shell) {
    case "bash":
      // Terminals of macOS start login shells, which read this file only.
      return `${homeOf(context)}/${context.os === "darwin" ? ".bash_profile" : ".bashrc"}`;
    case "zsh":
      return `${context.env("ZDOTDIR") || homeOf(context)}/.zshrc`;
    case "powershell":
      return await powerShellProfile(context);
    case "fish":
      return null;
  }
}

function fishScript(context: InstallContext): string {
  const config = context.env("XDG_CONFIG_HOME")?.trim();
  const folder = config?.startsWith("/") ? config : `${homeOf(context)}/.config`;
  return `${folder}/fish/completions/pw-workflow-runner.fish`;
}

function homeOf({ env }: InstallContext): string {
  const home = env("HOME")?.trim() || env("USERPROFILE")?.trim();
  if (home) return home;
  throw new UsageError("Cannot install completion: HOME is not set", {
    hint: "`pw-workflow-runner completions SHELL` prints the script",
  });
}

function dataFile({ env, os }: InstallContext, name: string): string {
  const folder = userFolder(env, os, "data");
  if (folder !== undefined) return `${folder}${os === "windows" ? "\\" : "/"}${name}`;
  throw new UsageError("Cannot install completion: no folder for the script can be determined", {
    hint: `Set ${os === "windows" ? "LOCALAPPDATA" : "HOME"}`,
  });
}

/** Only PowerShell itself knows its profile: the folder of documents can be moved. */
async function powerShellProfile({ runProgram }: InstallContext): Promise<string> {
  for (const command of ["pwsh", "powershell"]) {
    const args = ["-NoProfile", "-NonInteractive", "-Command", "$PROFILE.CurrentUserAllHosts"];
    const result = await runProgram({ command, args, withoutEnv: ["PW_API_KEY"], timeoutMs: 30_000 });
    const path = result.type === "ended" && result.code === 0 ? result.stdout.trim() : "";
    if (path !== "") return path;
  }
  throw new UsageError("Cannot install completion: PowerShell did not report the path of its profile", {
    hint: "Add this line to it: pw-workflow-runner completions powershell | Out-String | Invoke-Expression",
  });
}

/** Returns false if the file has the line already. */
async function addLine(path: string, line: string): Promise<boolean> {
  const text = await orNull(Deno.readTextFile(path)) ?? "";
  if (text.split(/\r?\n/).includes(line)) return false;
  await createParent(path);
  const separator = text === "" || text.endsWith("\n") ? "" : "\n";
  await Deno.writeTextFile(path, `${separator}${line}\n`, { append: true });
  return true;
}

async function createParent(path: string): Promise<void> {
  await Deno.mkdir(path.replace(/[/\\][^/\\]*$/, ""), { recursive: true });
}
