export type Style = Readonly<ReturnType<typeof styleFor>>;

/** What a text is laid out for. */
export interface Layout {
  readonly style: Style;
  /** The available width; `Infinity` for no limit. */
  readonly columns: number;
}

export function styleFor(isColored: boolean) {
  const paint = (on: number, off: number) => (text: string) =>
    isColored && text !== "" ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  return {
    bold: paint(1, 22),
    dim: paint(2, 22),
    red: paint(31, 39),
    green: paint(32, 39),
    yellow: paint(33, 39),
    cyan: paint(36, 39),
  };
}

/** Matches the sequences that {@link styleFor} creates. */
// deno-lint-ignore no-control-regex -- an escape sequence starts with one
export const STYLE_SEQUENCE = /(\u001b\[(?:1|2|22|31|32|33|36|39)m)/;

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
