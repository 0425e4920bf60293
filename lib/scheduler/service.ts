/** What every part of the service works with, and what a tick is called with and reports. */

import type { RunIsolated } from "../child_process.ts";
import { type Clock, systemClock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { Client } from "../platform/client.ts";
import { findCredential } from "../platform/credentials/credentials.ts";
import type { AdvanceOptions } from "../runs/advance_result.ts";
import type { Deps } from "../runs/deps.ts";
import type { PollInterval } from "../runs/poll_interval.ts";
import { sharingLists } from "../runs/sharing_lists.ts";
import type { AtomicChange, Kv } from "../store/kv.ts";
import { openKv } from "../store/open_kv.ts";
import { createRunStore } from "../store/run_store.ts";
import { readSchedules } from "./define.ts";
import { type NotificationKind, type Occurrence, PRODUCTION, type Schedule } from "./schedule.ts";
import { addNotification, type TickLock, type TickLog } from "./scheduler_store.ts";

/** What the runtime offers a service. */
export interface ServiceHost {
  readonly env: (name: string) => string | undefined;
  /** For the platform and for webhooks. */
  readonly fetch: typeof globalThis.fetch;
  /** In [0, 1), cryptographically strong: slugs depend on it. */
  readonly random: () => number;
  /** Reads a file that is deployed along. */
  readonly readTextFile: (path: string) => Promise<string>;
  /** Runs the `check` of a suite; absent where no program can be run. */
  readonly runIsolated?: RunIsolated | undefined;
  readonly log: Log;
}

export interface Service extends Pick<ServiceHost, "env" | "fetch" | "readTextFile" | "runIsolated"> {
  readonly deps: Deps;
  /** What the run store is kept in, and the scheduler's own rows beside it. */
  readonly kv: Kv;
  readonly schedules: readonly Schedule[];
  /** `production`, or the host's name for the line of deployments that this one belongs to. */
  readonly timeline: string;
  /** The last tick of this process; `null` unless it failed. The store may not have taken its log. */
  readonly ownTick: { failed: TickLog | null };
}

/** What the check of a schedule needs. */
export interface PrepareParts extends Pick<Service, "readTextFile" | "env"> {
  readonly deps: Pick<Deps, "client" | "clock">;
}

interface ServiceOptions {
  readonly host: ServiceHost;
  readonly schedules: readonly Schedule[];
  /** As `openKv` takes it. */
  readonly store: string;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** Ends the wait for a store that is not open yet, and reads until the first write; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens the store and finds the API key.
 *
 * Deno Deploy names the timeline in `DENO_TIMELINE`: `production`, `git-branch/…` or `preview/…` (Deno Deploy reference,
 * "Environment variables"). Each has a store of its own ("Deno KV"). Without it, the timeline is production.
 *
 * @throws InvalidInputs for schedules that are no list, or not valid; StorageError when the store can't be opened;
 * CredentialError without a key; UsageError for an unknown store.
 */
export async function openService(
  { host, schedules: exported, store, clock = systemClock, signal }: ServiceOptions,
): Promise<Service> {
  // Nothing checks the types of the module that exports them.
  const schedules = readSchedules(exported);
  const { env, fetch, random, readTextFile, log } = host;
  const parts = { clock, random, log };
  const onSetAside = (message: string) => log("WARNING", message);
  const kv = openKv(store, { ...parts, onSetAside, isNamed: true, signal });
  try {
    // The store takes its time to open: the key is read meanwhile.
    const [credential] = await Promise.all([
      findCredential({ env, readTextFile, clock, log }, { allowHost: env("PW_ALLOW_HOST") }),
      kv.get(["tick", "lock"]),
    ]);
    const store = createRunStore(kv, onSetAside);
    const client = lazyClient(credential, async () => {
      const { createClient } = await import("../platform/create_client.ts");
      return createClient({ ...parts, credential, fetch, store });
    });
    const deps = { ...parts, client: sharingLists(client, clock), store };
    return { ...host, deps, kv, schedules, timeline: env("DENO_TIMELINE") || PRODUCTION, ownTick: { failed: null } };
  } catch (error) {
    // It is opened again at the next try, and a Deno KV file takes one handle per process.
    await kv[Symbol.asyncDispose]();
    throw error;
  }
}

/** How long a submit is repeated, as long as it can't have started a run or could not start a second one. */
const SUBMIT_TIMEOUT_MS = 60 * 60_000;

/** Shorter than the minute between two ticks, so that each tick polls what is open. */
export const POLL_INTERVAL: PollInterval = { pollIntervalMs: 1_000, maxPollIntervalMs: 15_000 };

/**
 * The service's options for `advance`. A run is never given up because the platform is unreachable: the service has no
 * user waiting for it.
 */
export function advanceOptions(signal: AbortSignal): AdvanceOptions {
  return {
    signal,
    pollInterval: POLL_INTERVAL,
    submitTimeoutMs: SUBMIT_TIMEOUT_MS,
    // Refused by a server that restarts, or until the key is replaced.
    retriesRefusedKey: true,
    unreachableTimeoutMs: null,
  };
}

/** A client whose modules are loaded by its first call: most ticks make none, which keeps the cold start short. */
function lazyClient({ host, baseUrl }: Pick<Client, "host" | "baseUrl">, load: () => Promise<Client>): Client {
  let loading: Promise<Client> | undefined;
  const client = () => loading ??= load();
  return {
    host,
    baseUrl,
    apiVersion: async (options) => await (await client()).apiVersion(options),
    whoAmI: async (options) => await (await client()).whoAmI(options),
    listWorkflows: async (options) => await (await client()).listWorkflows(options),
    getWorkflow: async (name, options) => await (await client()).getWorkflow(name, options),
    getWorkflowYaml: async (name, options) => await (await client()).getWorkflowYaml(name, options),
    submit: async (submission, options) => await (await client()).submit(submission, options),
    dryRun: async (submission, options) => await (await client()).dryRun(submission, options),
    getRun: async (runId, options) => await (await client()).getRun(runId, options),
    listRuns: async (query) => await (await client()).listRuns(query),
    deleteRun: async (runId, options) => await (await client()).deleteRun(runId, options),
    cancelRun: async (runId, options) => await (await client()).cancelRun(runId, options),
    readRunFile: async (runId, path, options) => await (await client()).readRunFile(runId, path, options),
    listSessions: async (options) => await (await client()).listSessions(options),
    listClusters: async (options) => await (await client()).listClusters(options),
    workspaceStatus: async (options) => await (await client()).workspaceStatus(options),
    restartWorkspace: async (options) => await (await client()).restartWorkspace(options),
  };
}

export interface TickContext {
  readonly service: Service;
  /** By name: there may be thousands. */
  readonly schedules: ReadonlyMap<string, Schedule>;
  readonly lock: TickLock;
  /** Aborts when the budget is spent. */
  readonly signal: AbortSignal;
}

/** Adds the notification of something that happens to an occurrence now. */
export function addNotified(
  { service: { deps }, schedules }: TickContext,
  change: AtomicChange,
  { id, schedule }: Pick<Occurrence, "id" | "schedule">,
  what: { readonly kind: NotificationKind; readonly slug: string | null; readonly message: string | null },
): void {
  const notification = { occurrenceId: id, schedule, createdAtMs: deps.clock.now(), ...what };
  addNotification(change, notification, schedules.get(schedule)?.notify ?? []);
}

export interface TickOptions {
  /** False for a tick between those of the cron trigger, which shows nothing about whether the trigger works. */
  readonly isScheduled: boolean;
  /** After this long nothing new is started, milliseconds. */
  readonly budgetMs: number;
  /** Runs polled at most. */
  readonly maxPolls: number;
  /** Ends the tick early: the process is about to end. */
  readonly signal?: AbortSignal;
}

export type TickReport = Readonly<typeof NO_TICK>;

export const NO_TICK = {
  /** False when another process was ticking. */
  didTick: false,
  submitted: 0,
  polled: 0,
  /** Notifications accepted by webhooks. */
  delivered: 0,
  /** Minutes since the previous tick in which none came. */
  missedTicks: 0,
  /** True when the budget did not suffice; the next tick continues. */
  isCutShort: false,
  /** Why nothing was submitted although something was due; `null` otherwise. The tick did all the rest. */
  failure: null as string | null,
};
