/** Caches platform data so that not every press of Tab sends a request. Belongs to one key, and does not contain it. */

import { sha256 } from "../../text.ts";
import { isObject, parseJson } from "../../json.ts";
import type { Credential } from "../../platform/credentials/credentials.ts";

const MAX_AGE_MS = 30_000;
const FILE = "completions.json";

export type CachedRows = readonly (readonly string[])[];

export interface CacheOptions {
  readonly folder: string | undefined;
  readonly credential: Pick<Credential, "host" | "authorization">;
  readonly nowMs: number;
  /** In [0, 1), like `Math.random`. */
  readonly random: () => number;
}

/** Opens the cache of this key; the cache of another key is ignored and overwritten. Never throws. */
export async function openCache({ folder, credential, nowMs, random }: CacheOptions) {
  // Identifies host and key without revealing the key.
  const owner = (await sha256(`${credential.host}\0${credential.authorization.reveal()}`)).slice(0, 32);
  const path = folder === undefined ? undefined : `${folder}/${FILE}`;
  const entries = path === undefined ? new Map<string, Entry>() : await readEntries(path, owner, nowMs);
  return {
    /** `undefined` when there is no entry, or it is older than 30 seconds. */
    get: (name: string) => entries.get(name)?.rows,
    /** Never throws: an entry that can't be stored is requested again. */
    async put(name: string, rows: CachedRows): Promise<void> {
      if (folder === undefined || path === undefined) return;
      entries.set(name, { atMs: nowMs, rows });
      const text = JSON.stringify({ v: 1, owner, entries: Object.fromEntries(entries) });
      const temporaryPath = `${path}.${Math.floor(random() * 2 ** 32).toString(36)}`;
      try {
        await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
        await Deno.writeTextFile(temporaryPath, text, { createNew: true, mode: 0o600 });
        await Deno.rename(temporaryPath, path);
      } catch {
        // A full disk or a missing permission: completion works without the cache, only slower.
      }
    },
  };
}

interface Entry {
  readonly atMs: number;
  readonly rows: CachedRows;
}

async function readEntries(path: string, owner: string, nowMs: number): Promise<Map<string, Entry>> {
  const content = parseJson(await Deno.readTextFile(path).catch(() => ""));
  if (!isObject(content) || content.v !== 1 || content.owner !== owner || !isObject(content.entries)) return new Map();
  return new Map(
    Object.entries(content.entries).flatMap(([name, entry]) => {
      const isFresh = isEntry(entry) && entry.atMs <= nowMs && nowMs - entry.atMs < MAX_AGE_MS;
      return isFresh ? [[name, entry] as const] : [];
    }),
  );
}

function isEntry(value: unknown): value is Entry {
  return isObject(value) && typeof value.atMs === "number" && Array.isArray(value.rows) &&
    value.rows.every((row) => Array.isArray(row) && row.every((text) => typeof text === "string"));
}
