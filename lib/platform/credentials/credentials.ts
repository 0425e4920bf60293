import { nonBlank } from "../../text.ts";
import { CredentialError } from "../../errors.ts";
import { Secret } from "../../secret.ts";
import { type FileIdentity, type FileSearch, searchCredentialsFile } from "./credentials_file.ts";
import { API_KEY_EXAMPLE, type ApiKeyKind, baseUrlOf, namedHost, parseApiKey, type ParsedApiKey } from "./api_key.ts";
import { type CredentialDeps, type CredentialOptions, credentialSources } from "./sources.ts";

/** An API key or token, and the host that it is sent to. */
export interface Credential {
  /** Determined by the key's prefix. */
  readonly kind: ApiKeyKind;
  /** Host name, with its port if that is not the default one. */
  readonly host: string;
  /** `https://host`, without a trailing slash. */
  readonly baseUrl: string;
  /** The value of the Authorization header; of a token that is renewed, the first one. */
  readonly authorization: Secret;
  /** Where it was found, like `PW_API_KEY`, `.env` or `context work of ~/.config/pw/credentials`. */
  readonly source: string;
  /** Milliseconds since the epoch; `null` if neither the key nor the file contains it. */
  readonly expiresAtMs: number | null;
  /**
   * Returns the value of the Authorization header for a request sent now, renewed if necessary; `undefined` for a key that
   * does not change. Throws CredentialError if the token has expired and cannot be renewed; the signal's reason.
   */
  readonly renew?: ((signal?: AbortSignal) => Promise<Secret>) | undefined;
}

/**
 * Finds the credential: the context that `context` names, `PW_API_KEY`, the context that `PW_CONTEXT` names, the key of a
 * `.env` file, the current context of the official CLI's credentials file.
 *
 * @throws CredentialError credential_missing (with the places searched), credential_malformed, or credential_refused for an
 * expired sign-in token and for a key from `.env` that must not be sent to its host.
 */
export async function findCredential(deps: CredentialDeps, options: CredentialOptions): Promise<Credential> {
  const [source] = credentialSources(deps, options);
  // No others: what is passed may be all options of a command.
  const { context, allowHost } = options;
  const settings = { ...deps, context, allowHost };
  if (source.type === "context") return await credentialOfContext(settings, source.name);
  const parsed = parseApiKey(source.key, source.name);
  const server = parsed.baseUrl === null ? await selectedServer(settings) : null;
  const found = credential(settings, parsed, { server, source: source.name, expiresAtMs: null });
  return source.name === ".env" ? await allowedByUser(settings, found) : found;
}

type Settings = CredentialDeps & CredentialOptions;

/** The working folder may belong to someone else: its key must not redirect inputs to a host that the user did not choose. */
async function allowedByUser(settings: Settings, found: Credential): Promise<Credential> {
  const current = await currentHost(settings);
  if (current === null || current.host === found.baseUrl) return found;
  const allowed = nonBlank(settings.allowHost);
  if (allowed !== null && parseHost(allowed, "the allowed host") === found.baseUrl) return found;
  const question = { keyHost: found.baseUrl, currentHost: current.host, currentContext: current.name };
  if (await settings.confirmHost?.(question) === true) return found;
  throw new CredentialError(
    "credential_refused",
    `Cannot use the API key from .env: it is for ${found.baseUrl}, but your current context ${current.name} is for ` +
      `${current.host}. Nothing was sent`,
    {
      hint: `Set allowHost to "${shortHost(found.baseUrl)}" if that host may receive your inputs, ` +
        `or context to "${current.name}" to ignore the key`,
      commandHint: `Use --allow-host ${shortHost(found.baseUrl)} if that host may receive your inputs, ` +
        `or --context ${current.name} to ignore the key`,
    },
  );
}

async function credentialOfContext(settings: Settings, context: string | null): Promise<Credential> {
  const { file, identity } = selectIdentity(await searchCredentialsFile(settings), context);
  const { key, name, isSignIn } = identity;
  const { clock } = settings;
  const source = `context ${name} of ${file.path}`;
  if (key === null && (!isSignIn || clock === undefined)) {
    throw new CredentialError("credential_missing", `Cannot use ${source}: the file does not contain its key`, {
      hint: `Sign in with the official CLI again, or set PW_API_KEY to an API key (${API_KEY_EXAMPLE})`,
    });
  }
  const stored = credential(settings, key === null ? NO_TOKEN : parseApiKey(key, source), { ...identity, source });
  if (!isSignIn || clock === undefined) return stored;
  const { tokenSource } = await import("./sign_in.ts");
  const { baseUrl } = stored;
  const tokens = tokenSource({ ...settings, clock }, { name, source, stored: key === null ? null : stored, baseUrl });
  return { ...stored, ...await tokens(), renew: async (signal) => (await tokens(signal)).authorization };
}

/** In place of a token that is in a keychain. */
const NO_TOKEN: ParsedApiKey = { kind: "pwoa", authorization: new Secret(""), baseUrl: null, expiresAtMs: null };

/** The server of the selected context, for a token that names no host. */
async function selectedServer(settings: Settings): Promise<string | null> {
  if (nonBlank(settings.env("PW_PLATFORM_HOST")) !== null) return null;
  const context = nonBlank(settings.context) ?? nonBlank(settings.env("PW_CONTEXT"));
  // The error about a context names the reason itself.
  const search = await (context === null ? searchWithWarning : searchCredentialsFile)(settings);
  if (context === null && (search.file === null || search.file.current === null)) return null;
  return selectIdentity(search, context).identity.server;
}

/** The current context's host; `null` if there is none, or if the file may not be read. */
async function currentHost(deps: CredentialDeps): Promise<{ readonly name: string; readonly host: string } | null> {
  const { mayRead = () => true } = deps;
  const optional = (path: string) =>
    mayRead(path) ? deps.readTextFile(path) : Promise.reject(new Deno.errors.NotFound(path));
  const { file } = await searchWithWarning({ ...deps, readTextFile: optional });
  const identity = file?.identities.find(({ name }) => name === file.current);
  if (identity === undefined) return null;
  const host = (identity.key === null ? null : namedHost(identity.key)) ??
    (identity.server === null ? null : baseUrlOf(identity.server));
  return host === null ? null : { name: identity.name, host };
}

async function searchWithWarning(deps: CredentialDeps): Promise<FileSearch> {
  const search = await searchCredentialsFile(deps);
  if (search.warning !== null) deps.log?.("WARNING", search.warning);
  return search;
}

function selectIdentity({ file, searched }: FileSearch, context: string | null) {
  if (file === null && context !== null) {
    throw new CredentialError(
      "credential_missing",
      `Cannot use context "${context}": there is no usable credentials file (searched ${searched.join(", ")})`,
      { hint: "Sign in with the official CLI, which creates contexts, or set PW_API_KEY and name no context" },
    );
  }
  const name = context ?? file?.current ?? null;
  if (file === null || name === null) {
    const places = ["PW_API_KEY (not set)", ...searched, ...file === null ? [] : [`${file.path} (no current context)`]];
    throw new CredentialError("credential_missing", `Cannot find an API key: searched ${places.join(", ")}`, {
      hint: `Create an API key in your account settings on the platform and set PW_API_KEY to it; it has the form ` +
        `${API_KEY_EXAMPLE}`,
    });
  }
  const identity = file.identities.find((candidate) => candidate.name === name);
  if (identity !== undefined) return { file, identity };
  const names = file.identities.map((candidate) => candidate.name).join(", ");
  throw new CredentialError("credential_missing", `Cannot use context "${name}": ${file.path} has no such context`, {
    hint: names === "" ? "Sign in with the official CLI, or set PW_API_KEY" : `Available: ${names}`,
  });
}

function credential(
  settings: Settings,
  parsed: ParsedApiKey,
  { server, source, expiresAtMs }: Pick<FileIdentity, "server" | "expiresAtMs"> & { readonly source: string },
): Credential {
  const own = parsed.baseUrl ?? (server === null ? null : parseHost(server, `the server of ${source}`));
  const baseUrl = allowedHost(own, settings, source);
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
function allowedHost(own: string | null, { env, allowHost }: Settings, source: string): string {
  const platformHost = nonBlank(env("PW_PLATFORM_HOST"));
  if (platformHost === null) {
    if (own !== null) return own;
    throw new CredentialError("credential_malformed", `Cannot use the API key from ${source}: it names no host`, {
      hint: "Set PW_PLATFORM_HOST to the platform's host name",
    });
  }
  const other = parseHost(platformHost, "PW_PLATFORM_HOST");
  if (own === null || own === other) return other;
  const allowed = nonBlank(allowHost);
  if (allowed !== null && parseHost(allowed, "the allowed host") === other) return other;
  throw new CredentialError(
    "credential_malformed",
    `Cannot send the API key to ${other}: PW_PLATFORM_HOST is set to it, but the key from ${source} is for ${own}`,
    {
      hint: `Unset PW_PLATFORM_HOST, or set allowHost to "${shortHost(other)}" if that host may receive the key`,
      commandHint: `Unset PW_PLATFORM_HOST, or use --allow-host ${shortHost(other)} if that host may receive the key`,
    },
  );
}

/** As a user would type it. */
function shortHost(baseUrl: string): string {
  return baseUrl.replace(/^https:\/\//, "");
}

function parseHost(text: string, source: string): string {
  const baseUrl = baseUrlOf(text);
  if (baseUrl !== null) return baseUrl;
  throw new CredentialError("credential_malformed", `Cannot use ${source}: it is not a host name`, {
    hint: "Use the form activate.example.com, optionally with http:// or https://",
  });
}
