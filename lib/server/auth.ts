/** Who may ask what: a full key, and one that only reads. */

export type Access = "none" | "read" | "full";

export interface Keys {
  /** Starts and cancels runs, and reads. */
  readonly full: string;
  /** Reads; `null` when there is none. */
  readonly read: string | null;
}

/** Shorter ones could be guessed. */
const MIN_KEY_LENGTH = 16;

/**
 * `PW_TRIGGER_KEY` and, if it is set, `PW_READ_KEY`.
 *
 * @returns The keys, or what is wrong with them.
 */
export function readKeys(env: (name: string) => string | undefined): Keys | string {
  const full = env("PW_TRIGGER_KEY") ?? "";
  const read = env("PW_READ_KEY") ?? "";
  if (full === "") return "PW_TRIGGER_KEY is not set";
  if (full.length < MIN_KEY_LENGTH) return `PW_TRIGGER_KEY is shorter than ${MIN_KEY_LENGTH} characters`;
  if (read !== "" && read.length < MIN_KEY_LENGTH) return `PW_READ_KEY is shorter than ${MIN_KEY_LENGTH} characters`;
  // Nobody could send another one in a header.
  const unsent = [["PW_TRIGGER_KEY", full], ["PW_READ_KEY", read]].find(([, key = ""]) => !/^[!-~]*$/.test(key));
  if (unsent !== undefined) return `${unsent[0]} holds a blank, or what is not a visible ASCII character`;
  if (read === full) return "PW_READ_KEY is the same as PW_TRIGGER_KEY";
  return { full, read: read === "" ? null : read };
}

/**
 * What a request's credential allows. `Bearer KEY`; a browser, which can only ask for a name and a password, may give
 * the reading key as a password: what another site makes it send can then start nothing.
 */
export async function accessOf(request: Request, { full, read }: Keys): Promise<Access> {
  const [scheme = "", word = ""] = (request.headers.get("authorization") ?? "").split(" ");
  const given = scheme.toLowerCase() === "basic" ? passwordIn(word) : scheme.toLowerCase() === "bearer" ? word : "";
  // Both are always compared: how long it takes tells nothing.
  const isFull = await isSame(given, full);
  const isRead = await isSame(given, read ?? full);
  if (isFull) return scheme.toLowerCase() === "basic" ? "read" : "full";
  return isRead && read !== null ? "read" : "none";
}

/**
 * What a request without a key is told to send. A browser asks for a password only when that is the first and only
 * thing it reads: Chromium takes a field that names two schemes for the first of them alone.
 */
export function challengeFor({ headers }: Request): string {
  const isBrowser = headers.get("accept")?.includes("text/html") ?? false;
  return `${isBrowser ? "Basic" : "Bearer"} realm="pw-workflow-runner"`;
}

function passwordIn(word: string): string {
  try {
    return atob(word).replace(/^[^:]*:/, "");
  } catch {
    return "";
  }
}

/** Compares digests, in a time that does not depend on where they differ. */
async function isSame(given: string, wanted: string): Promise<boolean> {
  const [a, b] = await Promise.all([given, wanted].map(digest));
  if (a === undefined || b === undefined) return false;
  let difference = 0;
  for (const [index, byte] of a.entries()) difference |= byte ^ (b[index] ?? 0);
  return difference === 0;
}

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}
