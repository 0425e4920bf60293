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

/** The dependencies of the scheduler and the HTTP API. */
export interface Service {
  readonly deps: Deps & { readonly store: KvRunStore };
  readonly schedulerStore: SchedulerStore;
  readonly schedules: readonly Schedule[];
  /** `production`, or the host's name for another deployment context. */
  readonly timeline: string;
  /** For webhooks. */
  readonly fetch: typeof globalThis.fetch;
  /** For webhook secrets. */
  readonly env: (name: string) => string | undefined;
  /** For the `inputsFile` of a schedule. */
  readonly readTextFile: (path: string) => Promise<string>;
}

/** The runtime functions that a service needs. */
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
  /** A local file for the store; default the host's own store. */
  readonly kvPath?: string | undefined;
}

/**
 * Opens the store and reads the API key.
 *
 * Deno Deploy names the timeline in `DENO_TIMELINE`: `production`, `git-branch/…` or `preview/…` (Deno Deploy reference,
 * "Environment variables"). Each has its own store ("Deno KV"). On other hosts, which don't set it, the timeline is
 * `production`.
 *
 * @throws StorageError without Deno KV, or if the file can't be opened; CredentialError without an API key.
 */
export async function openService({ host, schedules, kvPath }: ServiceOptions): Promise<Service> {
  const { env, fetch, random, readTextFile, log } = host;
  // The store opens slowly: the API key is read in parallel.
  const [kv, credential] = await Promise.allSettled([
    openStore(kvPath),
    findCredential({ env, readTextFile }, { allowHost: env("PW_ALLOW_HOST") }),
  ]);
  if (kv.status === "rejected") throw kv.reason;
  if (credential.status === "rejected") {
    // A retry opens the store again, and a process can hold only one handle on a file.
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

/** Adds the path, which Deno KV's error message lacks. */
async function openStore(path: string | undefined): Promise<Deno.Kv> {
  try {
    return await openKv(path);
  } catch (error) {
    if (error instanceof StorageError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new StorageError(`Cannot open the store${path === undefined ? "" : ` ${path}`}: ${reason}`, { cause: error });
  }
}

/** Opens the service at the first call, and again only after a failure: a process can hold one handle on a local store. */
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

/** An API key never changes its owner, so one request per isolate is enough. */
export function cachingIdentity(client: Client): Client {
  let identity: Promise<Identity> | undefined;
  return {
    ...client,
    async whoAmI(options) {
      try {
        return await (identity ??= client.whoAmI(options));
      } catch (error) {
        identity = undefined;
        throw error;
      }
    },
  };
}
