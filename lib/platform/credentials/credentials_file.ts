/** The credentials file of the official CLI: where it is, and which identities it holds. */

/** How the outside is reached. */
export interface CredentialDeps {
  /** Reads a variable. */
  readonly env: (name: string) => string | undefined;
  /** Reads a file. */
  readonly readTextFile: (path: string) => Promise<string>;
}

export interface FileIdentity {
  readonly name: string;
  /** An API key or a token; `null` when the file keeps it elsewhere (a keychain). */
  readonly key: string | null;
  /** The host; `null` when the file does not say. */
  readonly server: string | null;
  readonly expiresAtMs: number | null;
}

export interface CredentialsFile {
  readonly path: string;
  readonly current: string | null;
  readonly identities: readonly FileIdentity[];
}

/** What was found, and what to say of the places where nothing was. */
export interface FileSearch {
  readonly file: CredentialsFile | null;
  /** Each place looked at, with why it did not serve. */
  readonly looked: readonly string[];
}

/**
 * Looks for the file; one that can't be read or understood is passed over and told of, never thrown. Places and shape:
 * parallelworks/sdk python/tests/test_credentials.py.
 */
export async function searchCredentialsFile(deps: CredentialDeps): Promise<FileSearch> {
  const looked: string[] = [];
  for (const path of credentialPaths(deps.env)) {
    let text: string;
    try {
      text = await deps.readTextFile(path);
    } catch (error) {
      looked.push(isMissing(error) ? `${path} (not there)` : `${path} (cannot be read)`);
      continue;
    }
    const content = await parsed(text);
    if (content === null) {
      looked.push(`${path} (neither JSON nor YAML with identities)`);
      continue;
    }
    return { file: { path, ...content }, looked };
  }
  return { file: null, looked };
}

/** In the order they are looked at. Without a home folder only what the environment names is left. */
export function credentialPaths(env: CredentialDeps["env"]): string[] {
  const folder = present(env("PW_CREDENTIALS_DIR"));
  if (folder !== null) return [`${folder}/.credentials`, `${folder}/credentials`];
  const home = present(env("HOME")) ?? present(env("USERPROFILE"));
  const config = present(env("XDG_CONFIG_HOME")) ?? (home === null ? null : `${home}/.config`);
  return [
    ...(config === null ? [] : [`${config}/pw/credentials`]),
    ...(home === null ? [] : [`${home}/pw/.credentials`]),
  ];
}

function present(text: string | undefined): string | null {
  return text === undefined || text.trim() === "" ? null : text;
}

function isMissing(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
}

async function parsed(text: string): Promise<Omit<CredentialsFile, "path"> | null> {
  const content = await parseEither(text);
  if (!isObject(content) || !isObject(content.identities)) return null;
  return {
    current: string(content.currentIdentity),
    identities: Object.entries(content.identities).flatMap(([name, value]) =>
      isObject(value) ? [identity(name, value)] : []
    ),
  };
}

async function parseEither(text: string): Promise<unknown> {
  try {
    return JSON.parse(text);
  } catch {
    try {
      const { parse } = await import("../../deps/yaml.ts");
      return parse(text, { logLevel: "error" });
    } catch {
      return null;
    }
  }
}

function identity(name: string, value: Record<string, unknown>): FileIdentity {
  const expiresAt = isObject(value.oauth) ? string(value.oauth.expiresAt) : null;
  const expiresAtMs = expiresAt === null ? NaN : Date.parse(expiresAt);
  return {
    name,
    key: string(value.apikey) ?? string(value.apiKey) ?? string(value.token),
    server: string(value.server),
    expiresAtMs: Number.isNaN(expiresAtMs) ? null : expiresAtMs,
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function string(value: unknown): string | null {
  return typeof value === "string" && value.trim() !== "" ? value.trim() : null;
}
