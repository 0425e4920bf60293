/** Why this file: most commands may need the ledger, few do, and opening it costs time. */

import type { RunStore } from "./run_store.ts";

/** Opens the keeper when it is first asked; what opening throws, each method throws. */
export function lazyLedger(open: () => Promise<RunStore>): RunStore {
  let opening: Promise<RunStore> | undefined;
  const opened = () => opening ??= open();
  return {
    put: async (record) => await (await opened()).put(record),
    get: async (submissionId) => await (await opened()).get(submissionId),
    findRun: async (owner, slug) => await (await opened()).findRun(owner, slug),
    listOpen: async (owner) => await (await opened()).listOpen(owner),
    listOpenOfOthers: async (owner) => await (await opened()).listOpenOfOthers(owner),
    listRecent: async (owner, query) => await (await opened()).listRecent(owner, query),
    prune: async (owner, bounds) => await (await opened()).prune(owner, bounds),
    capabilities: async (host) => await (await opened()).capabilities(host),
    updateCapabilities: async (host, facts) => await (await opened()).updateCapabilities(host, facts),
    async [Symbol.asyncDispose]() {
      // What could not be opened needs no closing.
      const store = await opening?.catch(() => undefined);
      await store?.[Symbol.asyncDispose]();
    },
  };
}
