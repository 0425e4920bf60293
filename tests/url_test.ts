/** `deno run https://…/main.ts`: no checkout, no configuration, no import map, nothing cached. */

import assert from "node:assert/strict";
import { leastFlags } from "./support/documents.ts";
import { cacheEnv, packagesMissing } from "./support/cold_cache.ts";
import { assertMainJob, emptyFolder, type JobEnvironment } from "./support/main_job.ts";
import { needing } from "./support/needs.ts";

const ROOT = new URL("../", import.meta.url);
/** A path with unusual characters. */
const PREFIX = "/x%20y/~v1/";
const missing = await packagesMissing();

Deno.test({
  ...needing("the main job runs from a URL with -A and an empty cache", missing),
  fn: () => assertRunsFromUrl(() => ["-A"]),
});

Deno.test({
  ...needing("the main job runs from a URL with the permissions of docs/security.md and an empty cache", missing),
  async fn() {
    const flags = await leastFlags();
    await assertRunsFromUrl(({ platform, home }) => flags(platform, home));
  },
});

async function assertRunsFromUrl(flags: (environment: JobEnvironment) => readonly string[]): Promise<void> {
  await using sources = serveCheckout();
  await using cache = await emptyFolder();
  await assertMainJob({
    program: Deno.execPath(),
    args: (environment) => ["run", ...flags(environment), `http://${sources.host}${PREFIX}main.ts`],
    env: cacheEnv(cache.path),
  });
  assert.ok(sources.served.includes("main.ts"));
}

interface Sources extends AsyncDisposable {
  readonly host: string;
  readonly served: readonly string[];
}

/** A plain file server: a path is a file, and its extension determines the content type. */
function serveCheckout(): Sources {
  const served: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { pathname } = new URL(request.url);
    const path = pathname.slice(PREFIX.length);
    if (!pathname.startsWith(PREFIX) || !/^(main\.ts|lib\/[\w/.]+|inputs\/[\w-]+\.json)$/.test(path)) {
      return new Response("Not found", { status: 404 });
    }
    served.push(path);
    try {
      const body = await Deno.readFile(new URL(path, ROOT));
      return new Response(body, {
        headers: { "content-type": path.endsWith(".json") ? "application/json" : "application/typescript" },
      });
    } catch {
      return new Response("Not found", { status: 404 });
    }
  });
  return {
    host: `127.0.0.1:${server.addr.port}`,
    served,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
