import { abortable } from "../abortable.ts";
import type { Clock } from "../clock.ts";
import type { Client } from "../platform/client.ts";
import type { RunPage } from "../run.ts";

/** How much older than its request a response may be; below what a search for a key's run may be relied on. */
const MAX_SHARED_MS = 1_000;

/**
 * A client whose requests for the same page of the list share one response if they are made within a second. Many keys
 * that are new at once are otherwise each searched for in the whole list.
 */
export function sharingLists(client: Client, clock: Pick<Clock, "monotonic">): Client {
  /** Requests in flight. */
  const sent = new Map<string, { readonly atMs: number; readonly page: Promise<RunPage> }>();
  return {
    ...client,
    async listRuns({ signal, ...query } = {}) {
      const name = JSON.stringify(query);
      const nowMs = clock.monotonic();
      let request = sent.get(name);
      if (request === undefined || nowMs - request.atMs > MAX_SHARED_MS) {
        // Not aborted by one of those who wait for it.
        request = { atMs: nowMs, page: client.listRuns(query) };
        sent.set(name, request);
        const remove = () => void (sent.get(name) === request && sent.delete(name));
        request.page.then(remove, remove);
      }
      return await abortable(request.page, signal);
    },
  };
}

/**
 * Makes clients that share pages of the list, however late they ask for them: for parts of one piece of work that do not
 * read the list at the same pace. What one of them asks for again is read anew, or shared with others that also ask again.
 */
export function sharingPages(client: Client): () => Client {
  const pages = new Map<string, Promise<RunPage>>();
  return () => {
    const asked = new Map<string, number>();
    return {
      ...client,
      async listRuns({ signal, ...query } = {}) {
        const name = JSON.stringify(query);
        const times = (asked.get(name) ?? 0) + 1;
        asked.set(name, times);
        const key = `${times} ${name}`;
        const page = pages.get(key) ?? client.listRuns({ ...query, signal });
        pages.set(key, page);
        return await page;
      },
    };
  };
}
