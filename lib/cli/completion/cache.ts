/** What a platform told a moment ago, so that each press of Tab need not ask again. For one key, which is not in it. */

import type { Credential } from "../../platform/credentials/credentials.ts";

const FRESH_MS = 30_000;
const FOLDER = "pw-workflow-runner";
const FILE = "completions.json";

/** What is kept: names and their descriptions, as rows of text. */
export type Rows = readonly (readonly string[])[];

export interface Cache {
  /** What was put there within 30 seconds; `undefined` for nothing. */
  get(name: string): Rows | undefined;
  /** Never throws: what can't be kept is asked for again. */
  put(name: string, rows: Rows): Promise<void>;
}

export interface CacheOptions {
  readonly folder: string | undefined;
  readonly credential: Pick<Credential, "host" | "authorization">;
  readonly nowMs: number;
  /** In [0, 1), like `Math.random`. */
  readonly random: () => number;
}

/** The user's folder for what may be thrown away; `undefined` where none is known. */
export function cacheFolder(
  env: (name: string) => string | undefined,
  os: typeof Deno.build.os,
): string | undefined {
  const set = (name: string) => env(name)?.trim() || undefined;
  if (os === "windows") {
    const local = set("LOCALAPPDATA");
    return local === undefined ? undefined : `${local}\\${FOLDER}\\cache`;
  }
  // The XDG rules: a path that is not absolute is to be ignored.
  const cache = set("XDG_CACHE_HOME");
  if (cache?.startsWith("/")) return `${cache}/${FOLDER}`;
  const home = set("HOME");
  return home === undefined ? undefined : `${home}/.cache/${FOLDER}`;
}

/** Opens what is kept for this key; what is kept for another is not seen, and is overwritten. Never throws. */
export async function openCache({ folder, credential, nowMs, random }: CacheOptions): Promise<Cache> {
  const owner = await ownerOf(credential);
  const path = folder === undefined ? undefined : `${folder}/${FILE}`;
  const entries = path === undefined ? new Map<string, Entry>() : await readEntries(path, owner, nowMs);
  return {
    get: (name) => entries.get(name)?.rows,
    async put(name, rows) {
      if (folder === undefined || path === undefined) return;
      entries.set(name, { atMs: nowMs, rows });
      const text = JSON.stringify({ v: 1, owner, entries: Object.fromEntries(entries) });
      const part = `${path}.${Math.floor(random() * 2 ** 32).toString(36)}`;
      try {
        await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
        await Deno.writeTextFile(part, text, { createNew: true, mode: 0o600 });
        await Deno.rename(part, path);
      } catch {
        // A full disk or a grant that is missing: without it, it is only slower.
      }
    },
  };
}

interface Entry {
  readonly atMs: number;
  readonly rows: Rows;
}

/** A name for host and key that does not tell the key. */
async function ownerOf({ host, authorization }: CacheOptions["credential"]): Promise<string> {
  const bytes = new TextEncoder().encode(`${host}\0${authorization.reveal()}`);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...digest.subarray(0, 16)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function readEntries(path: string, owner: string, nowMs: number): Promise<Map<string, Entry>> {
  try {
    const content: unknown = JSON.parse(await Deno.readTextFile(path));
    if (!isObject(content) || content.v !== 1 || content.owner !== owner || !isObject(content.entries)) {
      return new Map();
    }
    return new Map(
      Object.entries(content.entries).flatMap(([name, entry]) => {
        const isFresh = isEntry(entry) && entry.atMs <= nowMs && nowMs - entry.atMs < FRESH_MS;
        return isFresh ? [[name, entry] as const] : [];
      }),
    );
  } catch {
    return new Map();
  }
}

function isEntry(value: unknown): value is Entry {
  return isObject(value) && typeof value.atMs === "number" && Array.isArray(value.rows) &&
    value.rows.every((row) => Array.isArray(row) && row.every((text) => typeof text === "string"));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
