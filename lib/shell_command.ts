/** Commands that a user may paste into a shell: a name from a server never becomes a command of its own. */

/** The program's command line for these names, quoted where the shell needs it. */
export function programCommand(command: string, names: readonly string[], options: readonly string[] = []): string {
  return ["pw-workflow-runner", command, ...argumentWords(names, options)].join(" ");
}

/** The arguments of a command, quoted where the shell needs it. */
export function argumentWords(names: readonly string[], options: readonly string[]): readonly string[] {
  const [quotedNames, quotedOptions] = [names.map(shellWord), options.map(shellWord)];
  // After `--`, no name is an option.
  return names.some((name) => name.startsWith("-"))
    ? [...quotedOptions, "--", ...quotedNames]
    : [...quotedNames, ...quotedOptions];
}

/** One word for POSIX shells; in the simple cases for PowerShell and cmd.exe too, which know only double quotes alike. */
export function shellWord(text: string): string {
  if (/^[\p{L}\p{N}_./][\p{L}\p{N}_./:@%+=,#-]*$/u.test(text) || /^-[\p{L}\p{N}_./:=-]*$/u.test(text)) return text;
  // A backslash, as in paths of Windows, remains one where neither another one nor a quote follows.
  if (/^(?:[\p{L}\p{N}_./:@%+=,# -]|\\(?!\\|$))+$/u.test(text)) return `"${text}"`;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
