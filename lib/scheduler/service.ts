/** What every part of the cloud side works with, put together from the environment. */

import type { Client } from "../platform/client.ts";
import { findCredential } from "../platform/credentials/credentials.ts";
import { systemClock } from "../clock.ts";
import { StorageError } from "../errors.ts";
import type { Deps } from "../runs/deps.ts";
import { type KvRunStore, kvRunStore } from "../store/kv_run_store.ts";
import type { Log } from "../log.ts";
import type { Identity } from "../account.ts";
import { PRODUCTION, type Schedule } from "./schedule.ts";
import { lazyClient } from "../platform/lazy_client.ts";
import { retryingStore } from "./retrying_store.ts";
import { openKv, type SchedulerStore, schedulerStoreOn } from "./scheduler_store.ts";

/** What every part of the cloud side works with. */
export interface Service {
  /** What the engines work with. */
  readonly deps: Deps & { readonly store: KvRunStore };
  /** What is remembered between ticks. */
  readonly schedulerStore: SchedulerStore;
  /** What runs by itself. */
  readonly schedules: readonly Schedule[];
  /** `production`, or what else the host calls the line of deployments that this one belongs to. */
  readonly timeline: string;
  /** For webhooks and their secrets. */
  readonly fetch: typeof globalThis.fetch;
  /** Reads a variable. */
  readonly env: (name: string) => string | undefined;
  /** Reads a file that is deployed along. */
  readonly readTextFile: (path: string) => Promise<string>;
}

/** What the runtime offers a service. */
export interface ServiceHost {
  readonly env: (name: string) => string | undefined;
  readonly fetch: typeof globalThis.fetch;
  /** In [0, 1), cryptographically strong: slugs depend on it. */
  readonly random: () => number;
  readonly readTextFile: (path: string) => Promise<string>;
  readonly log: Log;
}

export interface ServiceOptions {
  readonly host: ServiceHost;
  readonly schedules: readonly Schedule[];
  /** A local file for the store; the host's own when left out. */
  readonly kvPath?: string | undefined;
}

/**
 * Opens the store and finds the key.
 *
 * Deno Deploy names the timeline in `DENO_TIMELINE`: `production`, `git-branch/…` or `preview/…` (Deno Deploy reference,
 * "Environment variables"). Each has a store of its own ("Deno KV"). Where nothing names it, it is production: one's own
 * server.
 *
 * @throws StorageError without Deno KV, or where the file can't be opened; CredentialError without a key.
 */
export async function openService({ host, schedules, kvPath }: ServiceOptions): Promise<Service> {
  const { env, fetch, random, readTextFile, log } = host;
  // The store takes its time to open: the key is read meanwhile.
  const [kv, credential] = await Promise.allSettled([
    openStore(kvPath),
    findCredential({ env, readTextFile }, { allowHost: env("PW_ALLOW_HOST") }),
  ]);
  if (kv.status === "rejected") throw kv.reason;
  if (credential.status === "rejected") {
    // It is opened again when somebody tries again, and a file takes one handle a process.
    kv.value.close();
    throw credential.reason;
  }
  const parts = { clock: systemClock, random, log };
  const client = lazyClient(credential.value, async () => {
    const { createClient } = await import("../platform/create_client.ts");
    return createClient({ ...parts, credential: credential.value, fetch });
  });
  const store = kvRunStore({ kv: kv.value, clock: systemClock, random });
  return {
    deps: { ...parts, client: cachingIdentity(client), store },
    schedulerStore: retryingStore(schedulerStoreOn(kv.value), parts),
    schedules,
    timeline: env("DENO_TIMELINE") || PRODUCTION,
    fetch,
    env,
    readTextFile,
  };
}

/** Deno KV repeats SQLite's own words, which don't say what was to be opened. */
async function openStore(path: string | undefined): Promise<Deno.Kv> {
  try {
    return await openKv(path);
  } catch (error) {
    if (error instanceof StorageError) throw error;
    const words = error instanceof Error ? error.message : String(error);
    throw new StorageError(`Cannot open the store${path === undefined ? "" : ` ${path}`}: ${words}`, { cause: error });
  }
}

/** Opens at the first call, and is asked again only when that failed: a local store takes one handle a process. */
export function openOnce(open: () => Promise<Service>): () => Promise<Service> {
  let opening: Promise<Service> | undefined;
  return async () => {
    try {
      return await (opening ??= open());
    } catch (error) {
      opening = undefined;
      throw error;
    }
  };
}

/** A key stays its owner's: one question is enough for the life of an isolate. */
export function cachingIdentity(client: Client): Client {
  let asking: Promise<Identity> | undefined;
  return {
    ...client,
    async whoAmI(options) {
      try {
        return await (asking ??= client.whoAmI(options));
      } catch (error) {
        asking = undefined;
        throw error;
      }
    },
  };
}
