/** Why this file: most commands may need the ledger, few do, and opening it costs time. */

import type { Ledger } from "./ledger.ts";

/** Opens the keeper when it is first asked; what opening throws, each method throws. */
export function lazyLedger(open: () => Promise<Ledger>): Ledger {
  let opening: Promise<Ledger> | undefined;
  const opened = () => opening ??= open();
  return {
    put: async (record) => await (await opened()).put(record),
    get: async (wishId) => await (await opened()).get(wishId),
    findRun: async (owner, slug) => await (await opened()).findRun(owner, slug),
    listOpen: async (owner) => await (await opened()).listOpen(owner),
    listOpenOfOthers: async (owner) => await (await opened()).listOpenOfOthers(owner),
    listRecent: async (owner, query) => await (await opened()).listRecent(owner, query),
    prune: async (owner, bounds) => await (await opened()).prune(owner, bounds),
    profile: async (host) => await (await opened()).profile(host),
    learn: async (host, facts) => await (await opened()).learn(host, facts),
    async [Symbol.asyncDispose]() {
      // What could not be opened needs no closing.
      const ledger = await opening?.catch(() => undefined);
      await ledger?.[Symbol.asyncDispose]();
    },
  };
}
