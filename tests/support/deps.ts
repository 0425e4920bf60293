import { createClient } from "../../lib/platform/create_client.ts";
import { findCredential } from "../../lib/platform/credentials/credentials.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Deps } from "../../lib/runs/deps.ts";
import { memoryRunStore } from "../../lib/store/memory_kv.ts";
import { silentLog } from "../../lib/log.ts";
import { testRandom } from "./seeded_random.ts";

export interface DepsOptions extends Partial<Omit<Deps, "client" | "clock">> {
  readonly clock: Clock;
  readonly fetch?: typeof globalThis.fetch;
}

/** Real dependencies for a simulator, with a clock that the test controls. */
export async function depsFor({ key }: { readonly key: string }, options: DepsOptions): Promise<Deps> {
  const { clock, store = memoryRunStore(), random = testRandom(), log = silentLog, fetch = globalThis.fetch } = options;
  const credential = await findCredential({
    env: (name) => name === "PW_API_KEY" ? key : undefined,
    readTextFile: () => Promise.reject(new Deno.errors.NotFound()),
  }, {});
  const client = createClient({ credential, fetch, clock, random, log });
  return { client, store, clock, random, log };
}
