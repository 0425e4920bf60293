/**
 * Reads a `.env` file. The working folder may belong to someone else, so the file may set a key, but not the host it is
 * sent to or the identity it belongs to. Imported only if the file exists.
 */

/** The variables that a `.env` may set. */
export const DOTENV_NAMES = ["PW_API_KEY", "PW_TIMEOUT", "PW_LOG_LEVEL"] as const;
const ALLOWED: ReadonlySet<string> = new Set(DOTENV_NAMES);

/** Reads the documented variables; any other has no effect, and is listed as ignored if its name is one of ours. */
export function readDotenv(text: string) {
  const { PW_API_KEY: apiKey, ...others } = parseDotenv(text);
  const settings = new Map(Object.entries(others).filter(([name]) => ALLOWED.has(name)));
  return {
    apiKey,
    settings,
    read: [...apiKey === undefined ? [] : ["PW_API_KEY"], ...settings.keys()],
    ignored: Object.keys(others).filter((name) => name.startsWith("PW_") && !ALLOWED.has(name)),
  };
}

/** `NAME=value` or `NAME: value`. A value in quotes may have several lines; elsewhere, `#` begins a comment. */
const QUOTED = [`"`, "'", "`"].map((quote) => String.raw`${quote}(?:\\${quote}|[^${quote}])*${quote}`).join("|");
const ASSIGNMENT = new RegExp(
  String.raw`^[^\S\n]*(?:export\s+)?([\w.-]+)(?:\s*=|:\s)(\s*(?:${QUOTED})|[^#\n]*)\s*(?:#.*)?$`,
  "gm",
);

/** As the package `dotenv` does. That one and the runtime's parser are slower to load than all else that a start needs. */
function parseDotenv(file: string): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [, name = "", text = ""] of file.replaceAll(/\r\n?/g, "\n").matchAll(ASSIGNMENT)) {
    const value = text.trim();
    const content = value.replace(/^(["'`])(.*)\1$/s, "$2");
    values[name] = value.startsWith('"') ? content.replaceAll("\\n", "\n").replaceAll("\\r", "\r") : content;
  }
  return values;
}
