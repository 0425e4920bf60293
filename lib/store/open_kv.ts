/** Opens a store by its name: what follows PW_STORE_URL or an option. */

import { type Clock, systemClock } from "../clock.ts";
import { expected, orError, StorageError, UsageError } from "../errors.ts";
import { lazyBackend, type LazyOptions, type RetryDeps, type StoreBackend } from "./backend.ts";
import { DENO_KV_USE, openDenoKvBackend } from "./deno_kv.ts";
import { createKv, type Kv } from "./kv.ts";
import { inodeOf } from "./store_file.ts";
import { createRunStore, type RunStore } from "./run_store.ts";
import { systemRandom } from "../system.ts";

/** How a store is named, for help texts. */
export const STORE_NAMES =
  "PATH or sqlite:PATH, postgres://USER:PASSWORD@HOST/DATABASE, deno-kv: (the host's own), deno-kv:PATH, deno-kv:https://HOST, memory:";

/** What opening a store needs. Default: the machine's clock and random numbers, and a damaged file is left in place. */
export interface OpenRunStoreOptions {
  /** For the delays between attempts. */
  readonly clock: Clock;
  /** In [0, 1), like `Math.random`. */
  readonly random: () => number;
  /** Called with what happened when a damaged file was set aside; `null` leaves it in place, and throws. */
  readonly onSetAside: ((message: string) => void) | null;
}

type OpenKvOptions = RetryDeps & OpenRunStoreOptions & Pick<LazyOptions, "signal" | "onUnwritten"> & {
  /** Called when the store can't be opened: unless it throws, memory replaces it. Without it, each use throws the error. */
  readonly onUnusable?: ((error: StorageError) => void) | undefined;
  /** True for a path that a user names: another program's file is left alone there. Default: false. */
  readonly isNamed?: boolean | undefined;
};

/**
 * Opens it when it is first used; faults that pass are retried.
 *
 * @throws UsageError for a name that is not one of STORE_NAMES. It does not quote a URL, which may hold a password.
 */
export function openKv(name: string, options: OpenKvOptions): Kv {
  const backend = backendOf(name, options);
  const { onUnusable } = options;
  if (onUnusable === undefined) return createKv(backend);
  const openOrReplace = async () => {
    const rows = await backend.read([]).catch(expected(StorageError));
    if (!(rows instanceof StorageError)) return backend;
    onUnusable(rows);
    await backend[Symbol.asyncDispose]();
    return await openMemory();
  };
  return createKv(lazyBackend(openOrReplace, { limits: backend.limits }));
}

/**
 * Opens a store for runs by its name: a path, `sqlite:PATH`, `postgres://…`, `deno-kv:…` or `memory:`. Opens it when it is
 * first used; faults that pass are retried. Each use throws StorageError if it cannot be opened.
 *
 * @throws UsageError for any other name.
 */
export function openRunStore(name: string, options: Partial<OpenRunStoreOptions> = {}): RunStore {
  const { clock = systemClock, random = systemRandom, onSetAside = null } = options;
  return createRunStore(openKv(name, { clock, random, onSetAside, isNamed: true }), onSetAside ?? undefined);
}

/** The file of a store that is named by a path; `undefined` for any other store, and for `-`, which names no file. */
export function sqlitePathOf(name: string): string | undefined {
  const { scheme, rest } = parseName(name);
  if (scheme !== "sqlite" || rest === "" || rest === "-") return undefined;
  // SQLite reads these as something else than a path.
  return /^(:|file:)/.test(rest) ? `./${rest}` : rest;
}

/** Whether a store is a file that does not exist; false also where that cannot be determined. */
export function isStoreMissing(name: string): boolean {
  const path = sqlitePathOf(name);
  return path !== undefined && orError(Error, () => inodeOf(path)) === null;
}

/** A store's name without user and password. */
export function shownName(name: string): string {
  return name.replace(/\/\/.*@/s, "//").replace(/\?.*/s, "");
}

function parseName(name: string): { readonly scheme: string; readonly rest: string } {
  // One letter is a drive of Windows.
  const [, scheme = "sqlite", rest = name] = /^([a-z][a-z\d+.-]+):(.*)$/is.exec(name) ?? [];
  return { scheme: scheme.toLowerCase(), rest };
}

async function openMemory(): Promise<StoreBackend> {
  return (await import("./memory_kv.ts")).memoryBackend();
}

function backendOf(name: string, options: OpenKvOptions): StoreBackend {
  const { scheme, rest } = parseName(name);
  const use = { retry: options, signal: options.signal, onUnwritten: options.onUnwritten };
  switch (scheme) {
    case "sqlite": {
      const path = sqlitePathOf(name);
      if (path === undefined) break;
      const open = async () => await (await import("./sqlite_kv.ts")).openSqliteBackend({ ...options, path });
      return lazyBackend(open, use);
    }
    case "postgres":
    case "postgresql":
      if (/^[^:]*:(\/\/)?$/.test(name)) break;
      checkPostgresUrl(name);
      return lazyBackend(async () => await (await import("./postgres_kv.ts")).openPostgresBackend(name), use);
    case "deno-kv":
      return lazyBackend(() => openDenoKvBackend(rest), { ...DENO_KV_USE, ...use });
    case "memory":
      if (rest !== "") break;
      return lazyBackend(openMemory, use);
  }
  const quoted = /^postgres|@|\/\//i.test(name) ? `${scheme}:…` : name;
  throw new UsageError(`Unknown store "${quoted}"`, { hint: `Name one of: ${STORE_NAMES}` });
}

/** @throws UsageError, also where a part of the password is taken for the host's port: it would be shown. */
function checkPostgresUrl(text: string): void {
  const url = URL.parse(text);
  const isCutOff = (rest: string) => url?.username === "" && rest.includes("@");
  if (
    url !== null && url.host !== "" && isDecodable(url.username) && isDecodable(url.password) &&
    !isCutOff(url.hash) && !isCutOff(url.pathname) && !(url.pathname === "" && isCutOff(url.search))
  ) return;
  throw new UsageError(
    "Cannot parse the URL of the store: it is not of the form postgres://USER:PASSWORD@HOST:PORT/DATABASE",
    {
      hint: "Check the port, and percent-encode the special characters of user and password: " +
        "/ is %2F, ? is %3F, # is %23, @ is %40, % is %25",
    },
  );
}

function isDecodable(text: string): boolean {
  return !(orError(URIError, () => decodeURIComponent(text)) instanceof URIError);
}
