import { CredentialError } from "../../errors.ts";
import type { Secret } from "../../secret.ts";
import {
  type CredentialDeps,
  type CredentialsFile,
  type FileIdentity,
  type FileSearch,
  searchCredentialsFile,
} from "./credentials_file.ts";
import { baseUrlOf, KEY_EXAMPLE, type KeyKind, type ParsedKey, parseKey } from "./api_key.ts";

/** An API key or token, and the host that it is sent to. */
export interface Credential {
  /** Determined by the key's prefix. */
  readonly kind: KeyKind;
  /** Host name, with its port if that is not the default one. */
  readonly host: string;
  /** `https://host`, without a trailing slash. */
  readonly baseUrl: string;
  /** The value of the Authorization header. */
  readonly authorization: Secret;
  /** Where it was found, like `PW_API_KEY` or `identity work of ~/.config/pw/credentials`. */
  readonly source: string;
  /** Milliseconds since the epoch; `null` if neither the key nor the file contains it. */
  readonly expiresAtMs: number | null;
}

/** Selects a credential. */
export interface CredentialOptions {
  /** Name of an identity in the official CLI's credentials file. */
  readonly context?: string | undefined;
  /** A host that the key may be sent to although it names another one; must equal `PW_PLATFORM_HOST`. */
  readonly allowHost?: string | undefined;
}

/**
 * Finds the credential: `PW_API_KEY`, then the identity that `context` or `PW_CONTEXT` names, then the current identity of the
 * official CLI's credentials file.
 *
 * @throws CredentialError credential_missing (with the places searched) or credential_malformed.
 */
export async function findCredential(deps: CredentialDeps, options: CredentialOptions): Promise<Credential> {
  const key = deps.env("PW_API_KEY")?.trim() ?? "";
  if (key !== "") {
    const parsed = parseKey(key, "PW_API_KEY");
    const server = parsed.baseUrl === null ? await currentServer(deps) : null;
    return credential(deps, options, { parsed, server, source: "PW_API_KEY", expiresAtMs: null });
  }
  const search = await searchCredentialsFile(deps);
  const context = nonBlank(options.context) ?? nonBlank(deps.env("PW_CONTEXT"));
  const { file, identity } = selectIdentity(search, context);
  const source = `identity ${identity.name} of ${file.path}`;
  if (identity.key === null) {
    throw new CredentialError("credential_missing", `Cannot use ${source}: the file does not contain its key`, {
      hint: `Sign in with the official CLI again, or set PW_API_KEY to an API key (${KEY_EXAMPLE})`,
    });
  }
  const parsed = parseKey(identity.key, source);
  return credential(deps, options, { parsed, server: identity.server, source, expiresAtMs: identity.expiresAtMs });
}

/** The server of the current identity, for a token that names no host. */
async function currentServer(deps: CredentialDeps): Promise<string | null> {
  if (nonBlank(deps.env("PW_PLATFORM_HOST")) !== null) return null;
  const { file } = await searchCredentialsFile(deps);
  return file?.identities.find(({ name }) => name === file.current)?.server ?? null;
}

function nonBlank(text: string | undefined): string | null {
  return text === undefined || text.trim() === "" ? null : text.trim();
}

function selectIdentity(
  { file, searched }: FileSearch,
  context: string | null,
): { readonly file: CredentialsFile; readonly identity: FileIdentity } {
  if (file === null) throw missing(["PW_API_KEY (not set)", ...searched]);
  const name = context ?? file.current;
  if (name === null) throw missing(["PW_API_KEY (not set)", ...searched, `${file.path} (no current identity)`]);
  const identity = file.identities.find((candidate) => candidate.name === name);
  if (identity !== undefined) return { file, identity };
  const names = file.identities.map((candidate) => candidate.name).join(", ");
  throw new CredentialError("credential_missing", `Cannot use context "${name}": ${file.path} has no such identity`, {
    hint: names === "" ? "Sign in with the official CLI, or set PW_API_KEY" : `Available: ${names}`,
  });
}

function missing(searched: readonly string[]): CredentialError {
  return new CredentialError("credential_missing", `Cannot find an API key: searched ${searched.join(", ")}`, {
    hint: `Create an API key in your account settings on the platform and set PW_API_KEY to it; it looks like ` +
      `${KEY_EXAMPLE}`,
  });
}

function credential(
  deps: CredentialDeps,
  options: CredentialOptions,
  { parsed, server, source, expiresAtMs }: {
    readonly parsed: ParsedKey;
    readonly server: string | null;
    readonly source: string;
    readonly expiresAtMs: number | null;
  },
): Credential {
  const own = parsed.baseUrl ?? (server === null ? null : parseHost(server, `the server of ${source}`));
  const baseUrl = allowedHost(own, deps.env, options, source);
  return {
    kind: parsed.kind,
    host: new URL(baseUrl).host,
    baseUrl,
    authorization: parsed.authorization,
    source,
    expiresAtMs: parsed.expiresAtMs ?? expiresAtMs,
  };
}

/** The key is only sent to its own host, unless the user specifies another one twice: by the environment and an option. */
function allowedHost(
  own: string | null,
  env: CredentialDeps["env"],
  options: CredentialOptions,
  source: string,
): string {
  const platformHost = nonBlank(env("PW_PLATFORM_HOST"));
  if (platformHost === null) {
    if (own !== null) return own;
    throw new CredentialError("credential_malformed", `Cannot use the API key from ${source}: it names no host`, {
      hint: "Set PW_PLATFORM_HOST to the platform's host name",
    });
  }
  const other = parseHost(platformHost, "PW_PLATFORM_HOST");
  if (own === null || own === other) return other;
  const allowed = nonBlank(options.allowHost);
  if (allowed !== null && parseHost(allowed, "--allow-host") === other) return other;
  throw new CredentialError(
    "credential_malformed",
    `Cannot send the API key to ${other}: PW_PLATFORM_HOST is set to it, but the key from ${source} is for ${own}`,
    { hint: `Unset PW_PLATFORM_HOST, or use --allow-host ${new URL(other).host} if that host may receive the key` },
  );
}

function parseHost(text: string, source: string): string {
  const baseUrl = baseUrlOf(text);
  if (baseUrl !== null) return baseUrl;
  throw new CredentialError("credential_malformed", `Cannot use ${source}: it is not a host name`, {
    hint: "Use the form activate.example.com, optionally with http:// or https://",
  });
}
