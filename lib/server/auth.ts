/** Access control with two keys: one for everything, and one that is read-only. */

import { textInBase64 } from "../base64.ts";
import { digestOf } from "../text.ts";

export type AccessLevel = "none" | "read" | "full";

export interface AccessKeys {
  readonly full: string;
  /** `null` if there is none. */
  readonly read: string | null;
}

/** Shorter keys could be guessed. */
const MIN_KEY_LENGTH = 16;

/**
 * Reads `PW_TRIGGER_KEY` and the optional `PW_READ_KEY`.
 *
 * @returns The keys, or everything that is wrong with them.
 */
export function readAccessKeys(env: (name: string) => string | undefined): AccessKeys | string {
  const full = env("PW_TRIGGER_KEY") ?? "";
  const read = env("PW_READ_KEY") ?? "";
  if (full === "") return "PW_TRIGGER_KEY is not set";
  const problems = [...problemsWith("PW_TRIGGER_KEY", full), ...(read === "" ? [] : problemsWith("PW_READ_KEY", read))];
  if (read === full) problems.push("PW_READ_KEY is the same as PW_TRIGGER_KEY");
  if (problems.length > 0) return problems.join("; ");
  return { full, read: read === "" ? null : read };
}

function problemsWith(name: string, key: string): string[] {
  return [
    ...(key.length < MIN_KEY_LENGTH ? [`${name} is shorter than ${MIN_KEY_LENGTH} characters`] : []),
    // No other key could be sent in a header.
    ...(/^[!-~]*$/.test(key) ? [] : [`${name} contains a space, or a character that is not visible ASCII`]),
  ];
}

/**
 * The access that a request's key grants. Programs send `Bearer KEY`. A browser can only send a name and a password: the
 * key as a password grants read access only, so that a request forged by another site can start nothing.
 */
export async function accessOf(request: Request, { full, read }: AccessKeys): Promise<AccessLevel> {
  const [scheme = "", credentials = ""] = (request.headers.get("authorization") ?? "").split(/ +/);
  const isBasic = scheme.toLowerCase() === "basic";
  const key = isBasic
    ? (textInBase64(credentials) ?? "").replace(/^[^:]*:/, "")
    : scheme.toLowerCase() === "bearer"
    ? credentials
    : "";
  // Both keys are always compared, so that the duration reveals nothing.
  const isFull = await isSame(key, full);
  const isRead = await isSame(key, read ?? full);
  if (isFull) return isBasic ? "read" : "full";
  return isRead && read !== null ? "read" : "none";
}

/**
 * The `WWW-Authenticate` value of a 401. A browser prompts for a password only if Basic is the first scheme: Chromium
 * ignores all schemes but the first.
 */
export function challengeFor({ headers }: Request): string {
  const isBrowser = headers.get("accept")?.includes("text/html") ?? false;
  return `${isBrowser ? "Basic" : "Bearer"} realm="pw-workflow-runner"`;
}

/** Compares digests in constant time. */
async function isSame(actual: string, expected: string): Promise<boolean> {
  const [a, b] = await Promise.all([digestOf(actual), digestOf(expected)]);
  return a.reduce((difference, byte, index) => difference | (byte ^ (b[index] ?? 0)), 0) === 0;
}
