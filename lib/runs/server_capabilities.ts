/** What was observed of a server. It only saves requests or decides what to report, so a store that fails is no warning. */

import type { ServerCapabilities } from "../capabilities.ts";
import { storeFailureTo } from "../log.ts";
import type { Deps } from "./deps.ts";

type StoreDeps = Pick<Deps, "store" | "log">;

/** The server capabilities of a host; `{}` when the store cannot be read. */
export async function capabilitiesOf({ store, log }: StoreDeps, host: string): Promise<ServerCapabilities> {
  return await store.capabilities(host).catch(storeFailureTo(log, "DEBUG")) ?? {};
}

export async function updateCapabilities({ store, log }: StoreDeps, host: string, facts: ServerCapabilities) {
  await store.updateCapabilities(host, facts).catch(storeFailureTo(log, "DEBUG"));
}

/** True if the server itself ensures that a key starts one run. */
export async function refusesDuplicates(deps: StoreDeps, host: string): Promise<boolean> {
  const { keepsSlug, refusesDuplicateSlug } = await capabilitiesOf(deps, host);
  return keepsSlug === true && refusesDuplicateSlug === true;
}
