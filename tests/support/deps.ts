/** Real parts around a simulator: what the program's door puts together, with a clock that the test owns. */

import { createClient } from "../../lib/platform/create_client.ts";
import { findCredential } from "../../lib/platform/credentials/credentials.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Deps } from "../../lib/runs/deps.ts";
import { memoryRunStore } from "../../lib/store/run_store.ts";
import { silentLog } from "../../lib/log.ts";

export interface DepsParts extends Partial<Omit<Deps, "client" | "clock">> {
  readonly clock: Clock;
}

/** Deps that speak to `host` with `key`. */
export async function depsFor({ key }: { readonly key: string }, parts: DepsParts): Promise<Deps> {
  const { clock, store = memoryRunStore(), random = Math.random, log = silentLog } = parts;
  const credential = await findCredential({
    env: (name) => name === "PW_API_KEY" ? key : undefined,
    readTextFile: () => Promise.reject(new Deno.errors.NotFound()),
  }, {});
  const client = createClient({ credential, fetch, clock, random, log });
  return { client, store, clock, random, log };
}
