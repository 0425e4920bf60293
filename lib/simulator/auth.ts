/** Authentication: credentials that contain their host, and the header form of each kind. */

import { HttpError } from "./responses.ts";

/** The simulator's users. Besides these, credentials of the user `expired` can be issued, which are always expired. */
export const SIMULATED_USERS = ["demo", "alice", "bob"] as const;
export const SIMULATED_ORGANIZATION = "example-org";
const EXPIRED_USER = "expired";
const JWT_LIFETIME_MS = 24 * 60 * 60 * 1_000;

export type ApiKeyKind = "pwt" | "pwut" | "jwt";

export type AuthKeys = ReturnType<typeof createAuthKeys>;

/** @param url Of the server. */
export function createAuthKeys(url: string, now: () => number, random: () => number) {
  /** By their `Authorization` headers. */
  const issued = new Map<string, Readonly<{ key: string; user: string; kind: ApiKeyKind; expiresAtMs: number }>>();
  const expired = new Set<string>([EXPIRED_USER]);

  const keyFor = (user: string, kind: ApiKeyKind): string => {
    if (![...SIMULATED_USERS, EXPIRED_USER].includes(user)) {
      throw new RangeError(`user must be one of ${SIMULATED_USERS.join(", ")}, ${EXPIRED_USER}: got ${user}`);
    }
    const existing = issued.values().find((one) => one.user === user && one.kind === kind && one.expiresAtMs > now());
    if (existing !== undefined) return existing.key;
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
    // An API key is the user name of Basic authentication with an empty password; other kinds are bearer tokens.
    issued.set(kind === "pwt" ? `basic ${btoa(`${key}:`)}` : `bearer ${key}`, { key, user, kind, expiresAtMs });
    return key;
  };

  return {
    keyFor,
    expire: (user: string) => void expired.add(user),
    /** The user of an `Authorization` header, or the error (401) that responds to it. */
    userOf(authorization: string | null): string | HttpError {
      if (authorization === null) return unauthorized("Authentication is required");
      const issuedKey = issued.get(authorization.replace(/^\w+ +/, (scheme) => `${scheme.trim().toLowerCase()} `));
      if (issuedKey === undefined) return unauthorized("Invalid credentials");
      const { user, expiresAtMs } = issuedKey;
      return expired.has(user) || expiresAtMs <= now() ? unauthorized("Authentication has expired") : user;
    },
  };
}

function unauthorized(message: string): HttpError {
  return new HttpError(401, message, { headers: { "www-authenticate": 'Basic realm="activate", Bearer' } });
}

function base64Url(text: string): string {
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
