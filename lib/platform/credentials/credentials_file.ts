/** Finds and reads the credentials file of the official CLI. */

import { nonBlank } from "../../text.ts";
import { isObject, parseJson } from "../../json.ts";
import { orNull } from "../../os_error.ts";

/** Access to the environment and to files. */
export interface CredentialFileDeps {
  /** The environment of the process, without `.env`; `undefined` for a variable that is not set. */
  readonly env: (name: string) => string | undefined;
  /** Like `Deno.readTextFile`. */
  readonly readTextFile: (path: string) => Promise<string>;
}

export type FileIdentity = ReturnType<typeof identity>;

export interface CredentialsFile {
  readonly path: string;
  readonly current: string | null;
  readonly identities: readonly FileIdentity[];
}

export interface FileSearch {
  readonly file: CredentialsFile | null;
  /** Each path that was tried, with the reason why it was not used. */
  readonly searched: readonly string[];
  /** Why an existing file is not used; `null` if none was rejected. */
  readonly warning: string | null;
}

/**
 * Reads the first file that exists. One that cannot be read or parsed counts as none: it is described in `searched` and
 * `warning`, never thrown, and no other file takes its place. Paths and format: parallelworks/sdk
 * typescript/src/credentials.ts.
 */
export async function searchCredentialsFile(deps: CredentialFileDeps): Promise<FileSearch> {
  const searched: string[] = [];
  const rejected = (path: string, reason: string): FileSearch => ({
    file: null,
    searched: [...searched, `${path} (${reason})`],
    warning: `The credentials file ${path} is ignored: it ${reason}`,
  });
  for (const path of credentialPaths(deps.env)) {
    const text = await orNull(deps.readTextFile(path), Deno.errors.NotADirectory).catch(() => undefined);
    if (text === undefined) return rejected(path, "cannot be read");
    if (text === null) {
      searched.push(`${path} (not found)`);
      continue;
    }
    if (text.trim() === "") return { file: null, searched: [...searched, `${path} (empty)`], warning: null };
    const content = await parsed(text);
    if (content === null) return rejected(path, "is neither JSON nor YAML with identities");
    return { file: { path, ...content }, searched, warning: null };
  }
  return { file: null, searched, warning: null };
}

/** In search order. Without a home folder, only paths from the environment remain. */
function credentialPaths(env: CredentialFileDeps["env"]): string[] {
  const folder = nonBlank(env("PW_CREDENTIALS_DIR"));
  if (folder !== null) return [`${folder}/.credentials`, `${folder}/credentials`];
  const home = nonBlank(env("HOME")) ?? nonBlank(env("USERPROFILE"));
  const config = absolute(env("XDG_CONFIG_HOME")) ?? (home === null ? null : `${home}/.config`);
  return [
    ...(config === null ? [] : [`${config}/pw/credentials`]),
    ...(home === null ? [] : [`${home}/pw/.credentials`]),
  ];
}

/** XDG Base Directory: a relative path must be ignored, or the working folder would choose the credentials file. */
function absolute(path: string | undefined): string | null {
  return path !== undefined && /^([/\\]|[a-z]:[/\\])/i.test(path) ? path : null;
}

async function parsed(text: string): Promise<Omit<CredentialsFile, "path"> | null> {
  const content = await parseEither(text);
  if (!isObject(content) || !isObject(content.identities)) return null;
  return {
    current: nonBlank(content.currentIdentity),
    identities: Object.entries(content.identities).flatMap(([name, value]) =>
      isObject(value) ? [identity(name, value)] : []
    ),
  };
}

async function parseEither(text: string): Promise<unknown> {
  const json = parseJson(text);
  if (json !== undefined) return json;
  try {
    const { parse } = await import("../../deps/yaml.ts");
    return parse(text, { logLevel: "error" });
  } catch {
    return null;
  }
}

function identity(name: string, value: Record<string, unknown>) {
  const expiresAt = isObject(value.oauth) ? nonBlank(value.oauth.expiresAt) : null;
  const expiresAtMs = expiresAt === null ? NaN : Date.parse(expiresAt);
  return {
    name,
    /** An API key or token; `null` if it is stored elsewhere (a keychain). */
    key: nonBlank(value.apikey) ?? nonBlank(value.apiKey) ?? nonBlank(value.token),
    /** The host; `null` if the file does not contain it. */
    server: nonBlank(value.server),
    expiresAtMs: Number.isNaN(expiresAtMs) ? null : expiresAtMs,
    /** True for a context made by `pw auth`, whose token the official CLI renews. */
    isSignIn: isObject(value.oauth),
  };
}
