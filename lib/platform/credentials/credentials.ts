/** Which key this call uses, and which host it is for. */

import { CredentialError } from "../../errors.ts";
import type { Secret } from "../../secret.ts";
import {
  type CredentialDeps,
  type CredentialsFile,
  type FileIdentity,
  type FileSearch,
  searchCredentialsFile,
} from "./credentials_file.ts";
import { baseUrlOf, KEY_EXAMPLE, type KeyForm, type KeyKind, parseKey } from "./api_key.ts";

/** A key that can be used, and the host that it opens. */
export interface Credential {
  /** Which of the platform's forms of keys it has. */
  readonly kind: KeyKind;
  /** Host name, with its port where it is not the usual one. */
  readonly host: string;
  /** `https://host`, no slash at the end. */
  readonly baseUrl: string;
  /** The value of the Authorization header. */
  readonly authorization: Secret;
  /** Where it was found, like `PW_API_KEY` or `identity work of ~/.config/pw/credentials`. */
  readonly source: string;
  /** `null` when the key does not say. */
  readonly expiresAtMs: number | null;
}

/** How a key is to be chosen. */
export interface CredentialOptions {
  /** An identity of the official CLI's credentials file. */
  readonly context?: string | undefined;
  /** A host that the key may be sent to although it names another one; has to be what `PW_PLATFORM_HOST` says. */
  readonly allowHost?: string | undefined;
}

/**
 * Finds the key: `PW_API_KEY`, then the identity that `context` or `PW_CONTEXT` names, then the current identity of the
 * official CLI's credentials file.
 *
 * @throws CredentialError credential_missing (with the places looked at) or credential_malformed.
 */
export async function findCredential(deps: CredentialDeps, options: CredentialOptions): Promise<Credential> {
  const key = deps.env("PW_API_KEY")?.trim() ?? "";
  if (key !== "") {
    const form = parseKey(key, "PW_API_KEY");
    const server = form.baseUrl === null ? await currentServer(deps) : null;
    return credential(deps, options, { form, server, source: "PW_API_KEY", expiresAtMs: null });
  }
  const search = await searchCredentialsFile(deps);
  const context = wanted(options.context) ?? wanted(deps.env("PW_CONTEXT"));
  const { file, identity } = chosenIdentity(search, context);
  const source = `identity ${identity.name} of ${file.path}`;
  if (identity.key === null) {
    throw new CredentialError("credential_missing", `Cannot use ${source}: the file does not hold its key`, {
      hint: `Sign in with the official CLI again, or set PW_API_KEY to an API key (${KEY_EXAMPLE})`,
    });
  }
  const form = parseKey(identity.key, source);
  return credential(deps, options, { form, server: identity.server, source, expiresAtMs: identity.expiresAtMs });
}

/** For a token that names no host. */
async function currentServer(deps: CredentialDeps): Promise<string | null> {
  if (wanted(deps.env("PW_PLATFORM_HOST")) !== null) return null;
  const { file } = await searchCredentialsFile(deps);
  return file?.identities.find(({ name }) => name === file.current)?.server ?? null;
}

function wanted(text: string | undefined): string | null {
  return text === undefined || text.trim() === "" ? null : text.trim();
}

function chosenIdentity(
  { file, looked }: FileSearch,
  context: string | null,
): { readonly file: CredentialsFile; readonly identity: FileIdentity } {
  if (file === null) throw missing(["PW_API_KEY (not set)", ...looked]);
  const name = context ?? file.current;
  if (name === null) throw missing(["PW_API_KEY (not set)", ...looked, `${file.path} (no current identity)`]);
  const identity = file.identities.find((candidate) => candidate.name === name);
  if (identity !== undefined) return { file, identity };
  const names = file.identities.map((candidate) => candidate.name).join(", ");
  throw new CredentialError("credential_missing", `Cannot use the context "${name}": ${file.path} does not hold it`, {
    hint: names === "" ? "Sign in with the official CLI, or set PW_API_KEY" : `It holds ${names}`,
  });
}

function missing(looked: readonly string[]): CredentialError {
  return new CredentialError("credential_missing", `Cannot find a key: looked at ${looked.join(", ")}`, {
    hint: `Create an API key in your account settings on the platform and set PW_API_KEY to it: it looks like ` +
      `${KEY_EXAMPLE}`,
  });
}

function credential(
  deps: CredentialDeps,
  options: CredentialOptions,
  { form, server, source, expiresAtMs }: {
    readonly form: KeyForm;
    readonly server: string | null;
    readonly source: string;
    readonly expiresAtMs: number | null;
  },
): Credential {
  const own = form.baseUrl ?? (server === null ? null : hostNamed(server, `the server of ${source}`));
  const baseUrl = allowedHost(own, deps.env, options, source);
  return {
    kind: form.kind,
    host: new URL(baseUrl).host,
    baseUrl,
    authorization: form.authorization,
    source,
    expiresAtMs: form.expiresAtMs ?? expiresAtMs,
  };
}

/** The key goes to its own host alone, unless the user names another one twice: in the environment and in the call. */
function allowedHost(
  own: string | null,
  env: CredentialDeps["env"],
  options: CredentialOptions,
  source: string,
): string {
  const asked = wanted(env("PW_PLATFORM_HOST"));
  if (asked === null) {
    if (own !== null) return own;
    throw new CredentialError("credential_malformed", `Cannot use the key from ${source}: it names no host`, {
      hint: "Set PW_PLATFORM_HOST to the platform's host name",
    });
  }
  const other = hostNamed(asked, "PW_PLATFORM_HOST");
  if (own === null || own === other) return other;
  const allowed = wanted(options.allowHost);
  if (allowed !== null && hostNamed(allowed, "--allow-host") === other) return other;
  throw new CredentialError(
    "credential_malformed",
    `Cannot send the key to ${other}: PW_PLATFORM_HOST names it, but the key from ${source} is for ${own}`,
    { hint: `Unset PW_PLATFORM_HOST, or use --allow-host ${new URL(other).host} if that host may have the key` },
  );
}

function hostNamed(text: string, source: string): string {
  const baseUrl = baseUrlOf(text);
  if (baseUrl !== null) return baseUrl;
  throw new CredentialError("credential_malformed", `Cannot use ${source}: it is not a host name`, {
    hint: "Give it like activate.example.com, or with http:// or https:// before it",
  });
}
