/**
 * A store in Deno KV: Deno Deploy's own, a local file, or a server by URL.
 *
 * Deno KV holds values of up to 64 KiB, and 800 KiB in one atomic operation (Deno manual, "Key-Value Database").
 */

import { chunksOf } from "../chunks.ts";
import { messageWithHint, StorageError } from "../errors.ts";
import {
  KEY_SEPARATOR,
  keyParts,
  type StoreBackend,
  type StoreLimits,
  type StoreRow,
  toStorageError,
} from "./backend.ts";
import { createPrivate, hasOurMark, storageHint } from "./store_file.ts";

/** A character takes up to two bytes. */
export const DENO_KV_LIMITS: StoreLimits = { maxValueLength: 16_000, maxChangeLength: 350_000, maxChangeRows: 900 };

/** The runtime's client waits without end for a server that does not answer. */
export const DENO_KV_USE = { limits: DENO_KV_LIMITS, answerMs: 60_000 } as const;

/** The database may be shared with a program of the user's own. */
const NAMESPACE = "pw";
const WRITES = "pw-writes";
/** Longer than any retry takes. */
const WRITE_EXPIRES_IN_MS = 3_600_000;
const MAX_KEYS_PER_READ = 10;
const MAX_BATCH_SIZE = 500;

/** @param name A file, an http(s) URL, or `""` for the host's own. */
export async function openDenoKvBackend(name: string): Promise<StoreBackend> {
  if (!("openKv" in Deno)) {
    throw new StorageError("Cannot use Deno KV: this Deno was started without it", {
      hint: "Start Deno with --unstable-kv, or choose another store",
    });
  }
  // The runtime of a binary would keep it in memory.
  if (name === "" && Deno.build.standalone) {
    throw new StorageError("Cannot use Deno KV: a binary has none of its own", {
      hint: "Name a file or a server: deno-kv:PATH or deno-kv:https://HOST",
    });
  }
  const isRemote = name === "" || /^https?:/.test(name);
  try {
    if (!isRemote) createPrivate(name);
    // Opened as Deno KV, it would keep a write-ahead log ever after.
    if (!isRemote && hasOurMark(name)) throw new Error("it is not a Deno KV database, but a run store in SQLite");
    return denoKvBackend(await Deno.openKv(name === "" ? undefined : name), { name, isRemote });
  } catch (error) {
    throw asStorageError(error, { name, isRemote });
  }
}

export interface DenoKvOptions {
  readonly name: string;
  /** Whether the answer to a write may be lost on its way. */
  readonly isRemote: boolean;
}

/** Closing it closes `kv`. */
export function denoKvBackend(kv: Deno.Kv, options: DenoKvOptions): StoreBackend {
  const run = <T>(act: () => Promise<T>): Promise<T> =>
    act().catch((error: unknown) => {
      throw asStorageError(error, options);
    });
  return {
    limits: DENO_KV_LIMITS,
    read: (keys) =>
      run(async () => {
        const chunks = chunksOf(keys.map(keyOf), MAX_KEYS_PER_READ);
        const found = await Promise.all(chunks.map((chunk) => kv.getMany(chunk)));
        return found.flat().flatMap((entry) => entry.versionstamp === null ? [] : [rowOf(entry)]);
      }),
    page: ({ start, end, limit, reverse }) =>
      run(async () => {
        const batchSize = Math.min(limit, MAX_BATCH_SIZE);
        return (await Array.fromAsync(
          kv.list({ start: keyOf(start), end: keyOf(end) }, { limit, reverse, batchSize }),
        )).map(rowOf);
      }),
    write: ({ version, checks, sets, deletes, sums }) =>
      run(async () => {
        const operation = kv.atomic();
        for (const check of checks) operation.check({ key: keyOf(check.key), versionstamp: check.version });
        // First: adding to what is no number fails, and a local file keeps the mutations before it all the same.
        for (const { key, by } of sums) operation.sum(keyOf(key), BigInt.asUintN(64, BigInt(by)));
        for (const { key, json } of sets) operation.set(keyOf(key), valueOf(json));
        for (const key of deletes) operation.delete(keyOf(key));
        // Written with the rest: a write that is sent again, because its answer was lost, is refused and found.
        const writeKey = [WRITES, version];
        if (options.isRemote) {
          operation.check({ key: writeKey, versionstamp: null }).set(writeKey, true, { expireIn: WRITE_EXPIRES_IN_MS });
        }
        const result = await operation.commit();
        if (result.ok) return result.versionstamp;
        return options.isRemote ? (await kv.get(writeKey)).versionstamp ?? undefined : undefined;
      }),
    [Symbol.asyncDispose]() {
      kv.close();
      return Promise.resolve();
    },
  };
}

function keyOf(text: string): Deno.KvKey {
  return [NAMESPACE, ...keyParts(text)];
}

/** Every whole number is stored as one that can be added to; negative ones as their two's complement. */
function valueOf(json: string): unknown {
  return /^-?\d+$/.test(json) && Number.isSafeInteger(Number(json))
    ? new Deno.KvU64(BigInt.asUintN(64, BigInt(json)))
    : json;
}

function rowOf({ key, value, versionstamp }: Deno.KvEntry<unknown>): StoreRow {
  const json = value instanceof Deno.KvU64 ? String(BigInt.asIntN(64, value.value)) : String(value);
  return { key: key.slice(1).join(KEY_SEPARATOR), json, version: versionstamp };
}

/** By the runtime's own words: it passes no code. A local file is locked while another handle writes. */
function asStorageError(error: unknown, { name, isRemote }: DenoKvOptions): StorageError {
  const detail = messageWithHint(error);
  // A timeout took long already.
  const isRefused = error instanceof Deno.errors.NotCapable ||
    /non-U64|too large|timed out|with status 40[0134]\b/.test(detail);
  // The URL may hold a password, and the runtime quotes it.
  return toStorageError(isRemote ? new Error(withoutUser(detail)) : error, {
    store: `run store ${name === "" ? "in Deno KV" : isRemote ? withoutUser(name) : name}`,
    hint: isRemote ? "Check that the server runs, and DENO_KV_ACCESS_TOKEN" : storageHint(error, name),
    isPassing: isRemote ? !isRefused : /database is locked/.test(detail),
  });
}

function withoutUser(text: string): string {
  return text.replaceAll(/\/\/[^\s/]*@/g, "//");
}
