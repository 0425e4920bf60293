import { systemClock } from "../clock.ts";
import { silentLog } from "../log.ts";
import { createClient } from "../platform/create_client.ts";
import { type CredentialOptions, findCredential } from "../platform/credentials/credentials.ts";
import { memoryRunStore } from "../store/memory_kv.ts";
import { systemEnv, systemRandom } from "../system.ts";
import type { Deps } from "./deps.ts";
import { apiVersionCache } from "./server_capabilities.ts";

/**
 * The dependencies for a program of your own: what is not given is the machine's clock, strong random numbers, no log, a
 * store that lasts as long as the process, and a client with the credential that {@link findCredential} finds in the
 * environment.
 *
 * @throws CredentialError without a usable credential.
 */
export async function defaultDeps(given: Partial<Deps> = {}, options: CredentialOptions = {}): Promise<Deps> {
  const { clock = systemClock, random = systemRandom, log = silentLog, store = memoryRunStore() } = given;
  const parts = { clock, random, log, store };
  if (given.client !== undefined) return { ...parts, client: given.client };
  const credential = await findCredential({ env: systemEnv, readTextFile: Deno.readTextFile, clock, log }, options);
  const cache = apiVersionCache(parts, credential.host);
  return { ...parts, client: createClient({ ...parts, credential, fetch: globalThis.fetch, apiVersionCache: cache }) };
}
