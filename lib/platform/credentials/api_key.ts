import { encodeBase64, textInBase64 } from "../../base64.ts";
import { CredentialError, orError } from "../../errors.ts";
import { isObject, parseJson } from "../../json.ts";
import { Secret } from "../../secret.ts";

/**
 * `pwt`: API key, sent as Basic. `pwut`: user token, `jwt`: session token, `pwoa`: sign-in token of the official CLI;
 * these are sent as Bearer. All but `pwoa` name their host, so that no other setting is needed to reach the platform.
 */
export type ApiKeyKind = "pwt" | "pwut" | "jwt" | "pwoa";

export interface ParsedApiKey {
  readonly kind: ApiKeyKind;
  /** The value of the Authorization header. */
  readonly authorization: Secret;
  /** Like `https://host`; `null` if the key names no host. */
  readonly baseUrl: string | null;
  /** Milliseconds since the epoch; `null` if the key does not contain it. */
  readonly expiresAtMs: number | null;
}

/** For hints. */
export const API_KEY_EXAMPLE = "pwt_<host>.<rest>";

/** Matches what has the form of an API key or token, to mask it in a text. */
export const API_KEY_PATTERN = /\b(?:pwt|pwut|pwoa)_[\w.=+/-]{8,}|\beyJ[\w-]+\.[\w-]+\.[\w-]+/g;

/**
 * Parses an API key or token. Formats: parallelworks/sdk python/parallelworks_client/auth.py and go/credential.go.
 *
 * @param source Where the key was found, for the error message.
 * @throws CredentialError credential_malformed; the message never contains a part of the key.
 */
export function parseApiKey(text: string, source: string): ParsedApiKey {
  const key = text.trim();
  const refuse = (reason: string): never => {
    throw new CredentialError("credential_malformed", `Cannot use the API key from ${source}: ${reason}`, {
      hint: `An API key has the form ${API_KEY_EXAMPLE}: copy all of it from your account settings on the platform`,
    });
  };
  if (/^["']/.test(key)) return refuse("it is in quotes, which are part of the value where no shell reads it");
  if (/^pwu?t_[^.]*\.?$/.test(key)) return refuse("it ends after its first part");
  if (!/^[\x21-\x7e]+$/.test(key)) return refuse("it contains spaces, line breaks or other invalid characters");
  const bearer = new Secret(`Bearer ${key}`);
  if (key.startsWith("pwoa_")) return { kind: "pwoa", authorization: bearer, baseUrl: null, expiresAtMs: null };
  const kind = (["pwt", "pwut"] as const).find((kind) => key.startsWith(`${kind}_`));
  if (kind !== undefined) {
    const host = decode(key.slice(kind.length + 1, key.indexOf(".")));
    const baseUrl = (host === null ? null : baseUrlOf(host)) ?? refuse("its first part does not name a host");
    const basic = `Basic ${encodeBase64(new TextEncoder().encode(`${key}:`))}`;
    return { kind, authorization: kind === "pwt" ? new Secret(basic) : bearer, baseUrl, expiresAtMs: null };
  }

  const [, payload, ...rest] = key.split(".");
  if (payload === undefined || rest.length !== 1) return refuse("it has none of the known formats");
  const claims = parseJson(decode(payload) ?? "");
  if (!isObject(claims)) return refuse("its middle part cannot be decoded");
  return {
    kind: "jwt",
    authorization: bearer,
    baseUrl: (typeof claims.platform_host === "string" ? baseUrlOf(claims.platform_host) : null) ??
      refuse("it names no platform host"),
    expiresAtMs: typeof claims.exp === "number" ? claims.exp * 1000 : null,
  };
}

/** The host that a token names, like `https://host`; `null` if it names none or has an unknown format. */
export function namedHost(text: string): string | null {
  const key = orError(CredentialError, () => parseApiKey(text, ""));
  return key instanceof CredentialError ? null : key.baseUrl;
}

/** Returns `https://host` for a host name or URL; `null` for anything else. Default scheme: `https`. */
export function baseUrlOf(host: string): string | null {
  const text = host.trim();
  const address = /^https?:\/\//i.test(text) ? text : `https://${text}`;
  if (!URL.canParse(address)) return null;
  const url = new URL(address);
  // Anything else would obscure where the key is sent; a key in the wrong variable is no host to resolve.
  const isBare = url.username === "" && url.password === "" && url.pathname === "/" && !/[?#\s\\]/.test(text);
  return isBare && !/^(?:$|pw(?:u?t|oa)_)/.test(url.hostname) ? url.origin : null;
}

/** Decodes URL-safe or plain base64, padded or not; `null` for anything else. */
function decode(base64: string): string | null {
  return textInBase64(base64.replaceAll("-", "+").replaceAll("_", "/").replace(/=+$/, ""));
}
