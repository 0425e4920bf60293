import { RunnerError } from "../errors.ts";
import type { Run } from "../run.ts";
import type { SessionAddress } from "../session.ts";
import type { Deps } from "./deps.ts";
import { type Limited, withLimit } from "./limit.ts";

/**
 * The run's session, once it is running and healthy: before that its link leads to an error page. `undefined` as well
 * when the sessions cannot be listed.
 */
export async function findReadySession(
  { client }: Pick<Deps, "client">,
  run: Run,
  limited: Limited,
): Promise<SessionAddress | undefined> {
  try {
    const sessions = await withLimit(limited, "list sessions", async (signal) => {
      return await client.listSessions({ signal, retry: "none" });
    });
    const session = sessions.find(({ runSlug, status, isHealthy }) =>
      runSlug !== null && runSlug === run.slug && status === "running" && isHealthy === true
    );
    const address = session?.externalHref ?? session?.url;
    if (session === undefined || address === undefined || address === null) return undefined;
    return { name: session.name, url: URL.parse(address, client.baseUrl)?.href ?? address };
  } catch (error) {
    if (error instanceof RunnerError) return undefined;
    throw error;
  }
}
