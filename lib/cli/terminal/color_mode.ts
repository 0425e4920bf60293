/** Whether output has colors: always, never, or on terminals alone. */
export type ColorMode = "always" | "never" | "auto";

/**
 * Follows no-color.org, force-color.org and bixense.com/clicolors, the first that is set: NO_COLOR, FORCE_COLOR,
 * CLICOLOR_FORCE, CLICOLOR. An empty variable counts as not set.
 */
export function colorMode(env: (name: string) => string | undefined): ColorMode {
  const setting = (name: string) => env(name) || undefined;
  const isOff = (value: string | undefined) => value === "0" || value === "false";
  const [forced, cliForced] = [setting("FORCE_COLOR"), setting("CLICOLOR_FORCE")];
  if (setting("NO_COLOR") !== undefined) return "never";
  if (forced !== undefined) return isOff(forced) ? "never" : "always";
  if (cliForced !== undefined && !isOff(cliForced)) return "always";
  return isOff(setting("CLICOLOR")) || isDumb(env) ? "never" : "auto";
}

/** A terminal that shows control sequences as text: it has neither colors nor a cursor that moves. */
export function isDumb(env: (name: string) => string | undefined): boolean {
  return env("TERM") === "dumb";
}
