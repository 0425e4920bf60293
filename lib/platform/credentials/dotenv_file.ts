/**
 * Reads a `.env` file. The working folder may belong to someone else, so the file may set a key, but not the host it is
 * sent to or the identity it belongs to. Imported only if the file exists.
 */

/** The variables that a `.env` may set. */
export const DOTENV_NAMES = ["PW_API_KEY", "PW_TIMEOUT", "PW_LOG_LEVEL"] as const;

/** Reads the documented variables; any other has no effect. */
export function readDotenv(text: string) {
  const values = parseDotenv(text);
  const settings = new Map<string, string>();
  for (const name of DOTENV_NAMES) {
    const value = values[name];
    if (name !== "PW_API_KEY" && value !== undefined) settings.set(name, value);
  }
  return { apiKey: values.PW_API_KEY, settings };
}

/** Our variables that a file sets, and those among them that have no effect there. */
export function namesInDotenv(text: string): { readonly read: readonly string[]; readonly ignored: readonly string[] } {
  const allowed: readonly string[] = DOTENV_NAMES;
  const names = Object.keys(parseDotenv(text));
  return {
    read: names.filter((name) => allowed.includes(name)),
    ignored: names.filter((name) => name.startsWith("PW_") && !allowed.includes(name)),
  };
}

/** `NAME=value` or `NAME: value`. A value in quotes may have several lines; elsewhere, `#` begins a comment. */
const QUOTED = [`"`, "'", "`"].map((quote) => String.raw`${quote}(?:\\${quote}|[^${quote}])*${quote}`).join("|");
const ASSIGNMENT = new RegExp(
  String.raw`^[^\S\n]*(?:export\s+)?([\w.-]+)(?:\s*=|:\s)(\s*(?:${QUOTED})|[^#\n]*)\s*(?:#.*)?$`,
  "gm",
);

/** As the package `dotenv` does. That one and the runtime's parser are slower to load than all else that a start needs. */
function parseDotenv(file: string): Record<string, string | undefined> {
  const values: Record<string, string> = {};
  for (const [, name = "", text = ""] of file.replaceAll(/\r\n?/g, "\n").matchAll(ASSIGNMENT)) {
    const value = text.trim();
    const content = value.replace(/^(["'`])(.*)\1$/s, "$2");
    values[name] = value.startsWith('"') ? content.replaceAll("\\n", "\n").replaceAll("\\r", "\r") : content;
  }
  return values;
}
