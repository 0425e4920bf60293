import { fallbackTo } from "../errors.ts";
import type { Run } from "../run.ts";
import type { RunSession, Session, SessionAddress } from "../session.ts";
import type { Deps } from "./deps.ts";
import { type Limited, withLimit } from "./limit.ts";

/**
 * The run's session, once it is running and healthy: before that its link leads to an error page. `undefined` as well
 * when the sessions cannot be listed.
 */
export async function findReadySession(
  deps: Pick<Deps, "client">,
  run: Run,
  limited: Limited,
): Promise<SessionAddress | undefined> {
  for (const { name, status, isHealthy, url } of await findSessions(deps, run, limited)) {
    if (status === "running" && isHealthy === true && url !== null) return { name, url };
  }
  return undefined;
}

/** The sessions that a run started; empty as well when they cannot be listed. */
export async function findSessions(
  { client }: Pick<Deps, "client">,
  { slug }: Run,
  limited: Limited,
): Promise<readonly RunSession[]> {
  if (slug === null) return [];
  const sessions = await withLimit(limited, "list sessions", async (signal) => {
    return await client.listSessions({ signal, retry: "none" });
  }).catch(fallbackTo([]));
  return sessions.filter(({ runSlug }) => runSlug === slug).map((session) => ({
    name: session.name,
    status: session.status,
    isHealthy: session.isHealthy,
    url: absoluteUrl(session, client.baseUrl),
    errorMessage: session.errorMessage,
  }));
}

function absoluteUrl({ externalHref, url }: Session, baseUrl: string): string | null {
  const address = externalHref ?? url;
  return address === null ? null : URL.parse(address, baseUrl)?.href ?? address;
}
