/**
 * Reads a `.env` file. The working folder may belong to someone else, so the file may set a key, but not the host it is
 * sent to or the identity it belongs to. Imported only if the file exists.
 */

const DOTENV_NAMES = ["PW_API_KEY", "PW_TIMEOUT", "PW_LOG_LEVEL"] as const;

/** What a file sets. */
export interface Dotenv {
  /** `undefined` if the file does not set it. */
  readonly apiKey: string | undefined;
  /** The other variables, by name. */
  readonly settings: ReadonlyMap<string, string>;
}

/** Reads the documented variables; any other has no effect. */
export async function readDotenv(text: string): Promise<Dotenv> {
  const values = await parseDotenv(text);
  const settings = new Map<string, string>();
  for (const name of DOTENV_NAMES) {
    const value = values[name];
    if (name !== "PW_API_KEY" && value !== undefined) settings.set(name, value);
  }
  return { apiKey: values.PW_API_KEY, settings };
}

/** Our variables that a file sets, and those among them that have no effect there. */
export async function namesInDotenv(
  text: string,
): Promise<{ readonly read: readonly string[]; readonly ignored: readonly string[] }> {
  const allowed: readonly string[] = DOTENV_NAMES;
  const names = Object.keys(await parseDotenv(text));
  return {
    read: names.filter((name) => allowed.includes(name)),
    ignored: names.filter((name) => name.startsWith("PW_") && !allowed.includes(name)),
  };
}

/**
 * With the runtime's own parser, which older versions of Deno lack: the package is slower to load. Only the package
 * understands a byte order mark and `NAME: value`.
 */
async function parseDotenv(text: string): Promise<Readonly<Record<string, string | undefined>>> {
  const { parseEnv } = await import("node:util");
  if (typeof parseEnv !== "function") return (await import("../../deps/dotenv.ts")).parse(text);
  return { ...parseEnv(text.replace(/^\ufeff/, "").replaceAll(/^(\s*(?:export\s+)?PW_\w+): +/gm, "$1=")) };
}
