/** Authentication: credentials that contain their host, and the header form of each kind. */

import { HttpError } from "./responses.ts";

/** The simulator's users. Besides these, credentials of the user `expired` can be issued, which are always expired. */
export const SIMULATED_USERS = ["demo", "alice", "bob"] as const;
export const SIMULATED_ORGANIZATION = "example-org";
const EXPIRED_USER = "expired";
const JWT_LIFETIME_MS = 24 * 60 * 60 * 1_000;

export type ApiKeyKind = "pwt" | "pwut" | "jwt";

export interface AuthKeys {
  keyFor(user: string, kind: ApiKeyKind): string;
  expire(user: string): void;
  /** The user of an `Authorization` header. Throws an HttpError (401). */
  userOf(authorization: string | null): string;
}

interface KeyOptions {
  readonly url: string;
  readonly now: () => number;
  readonly random: () => number;
}

export function createAuthKeys({ url, now, random }: KeyOptions): AuthKeys {
  const issued = new Map<string, { readonly user: string; readonly kind: ApiKeyKind; readonly expiresAtMs: number }>();
  const expired = new Set<string>([EXPIRED_USER]);

  const keyFor = (user: string, kind: ApiKeyKind): string => {
    if (![...SIMULATED_USERS, EXPIRED_USER].includes(user)) {
      throw new RangeError(`user must be one of ${SIMULATED_USERS.join(", ")}, ${EXPIRED_USER}: got ${user}`);
    }
    const existing = [...issued].find(([, key]) => key.user === user && key.kind === kind && key.expiresAtMs > now());
    if (existing !== undefined) return existing[0];
    const secret = base64Url(Array.from({ length: 6 }, () => random().toString(36).slice(2, 8)).join(""));
    const expiresAtMs = kind === "jwt" ? now() + JWT_LIFETIME_MS : Infinity;
    const key = kind === "jwt"
      ? [{ alg: "HS256", typ: "JWT" }, {
        sub: `user:${user}`,
        platform_host: url,
        iat: Math.floor(now() / 1_000),
        exp: Math.floor(expiresAtMs / 1_000),
      }].map((part) => base64Url(JSON.stringify(part))).join(".") + `.${secret}`
      : `${kind}_${base64Url(url)}.${secret}`;
    issued.set(key, { user, kind, expiresAtMs });
    return key;
  };

  return {
    keyFor,
    expire: (user) => void expired.add(user),
    userOf(authorization) {
      if (authorization === null) throw unauthorized("Authentication is required");
      const credential = parseAuthorization(authorization);
      const key = credential === null ? undefined : issued.get(credential.key);
      if (credential === null || key === undefined) throw unauthorized("Invalid credentials");
      if ((key.kind === "pwt") !== credential.isBasic) throw unauthorized("Invalid credentials");
      if (expired.has(key.user) || key.expiresAtMs <= now()) throw unauthorized("Authentication has expired");
      return key.user;
    },
  };
}

function unauthorized(message: string): HttpError {
  return new HttpError(401, message, { headers: { "www-authenticate": 'Basic realm="activate", Bearer' } });
}

/** An API key is the user name of Basic authentication with an empty password; other kinds are bearer tokens. */
function parseAuthorization(authorization: string): { readonly key: string; readonly isBasic: boolean } | null {
  const space = authorization.indexOf(" ");
  const value = authorization.slice(space + 1).trim();
  switch (authorization.slice(0, space).toLowerCase()) {
    case "bearer":
      return { key: value, isBasic: false };
    case "basic": {
      const pair = decodeBase64(value);
      return pair !== null && pair.endsWith(":") ? { key: pair.slice(0, -1), isBasic: true } : null;
    }
    default:
      return null;
  }
}

function decodeBase64(text: string): string | null {
  try {
    return atob(text);
  } catch {
    return null; // Not base64.
  }
}

function base64Url(text: string): string {
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
