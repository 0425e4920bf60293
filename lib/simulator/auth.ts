/** Who asks: keys that carry their host, and the header forms that each kind goes in. */

import { Refusal } from "./answers.ts";

/** The people of this world; `expired` stands for a `demo` whose key ran out. */
export const USERS = ["demo", "alice", "bob"] as const;
export const ORGANIZATION = "example-org";
const EXPIRED_USER = "expired";
const JWT_LIFETIME_MS = 24 * 60 * 60 * 1_000;

export type KeyKind = "pwt" | "pwut" | "jwt";

export interface Keyring {
  keyFor(user: string, kind: KeyKind): string;
  expire(user: string): void;
  /** The user behind an Authorization header, or a Refusal of 401. */
  userOf(authorization: string | null): string;
}

interface KeyOptions {
  readonly url: string;
  readonly now: () => number;
  readonly random: () => number;
}

export function createKeyring({ url, now, random }: KeyOptions): Keyring {
  const issued = new Map<string, { readonly user: string; readonly kind: KeyKind; readonly expiresAtMs: number }>();
  const expired = new Set<string>([EXPIRED_USER]);

  const keyFor = (user: string, kind: KeyKind): string => {
    if (![...USERS, EXPIRED_USER].includes(user)) {
      throw new RangeError(`user must be one of ${USERS.join(", ")}, ${EXPIRED_USER}: got ${user}`);
    }
    const known = [...issued].find(([, key]) => key.user === user && key.kind === kind && key.expiresAtMs > now());
    if (known !== undefined) return known[0];
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
      const presented = credentialOf(authorization);
      const key = presented === null ? undefined : issued.get(presented.key);
      if (presented === null || key === undefined) throw unauthorized("Invalid credentials");
      if ((key.kind === "pwt") !== presented.isBasic) throw unauthorized("Invalid credentials");
      if (expired.has(key.user) || key.expiresAtMs <= now()) throw unauthorized("Authentication has expired");
      return key.user;
    },
  };
}

function unauthorized(message: string): Refusal {
  return new Refusal(401, message, { headers: { "www-authenticate": 'Basic realm="activate", Bearer' } });
}

/** API keys are the user name of a Basic pair with an empty password; the other kinds are bearer tokens. */
function credentialOf(authorization: string): { readonly key: string; readonly isBasic: boolean } | null {
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
    return null; // Not base64, so no credential of ours.
  }
}

function base64Url(text: string): string {
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
