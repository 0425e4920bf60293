/** `deno run https://…/main.ts`: no checkout, no configuration, no import map, nothing cached. */

import assert from "node:assert/strict";
import { leastFlags } from "./support/readme.ts";
import { assertMainJob, emptyFolder, machineEnv, type Place } from "./support/main_job.ts";
import { needing } from "./support/needs.ts";

const ROOT = new URL("../", import.meta.url);
/** A place as odd as the web allows. */
const PREFIX = "/x%20y/~v1/";
const missing = await packagesMissing();

Deno.test({
  ...needing("the main job runs from a URL with -A and an empty cache", missing),
  fn: () => assertRunsFromUrl(() => ["-A"]),
});

Deno.test({
  ...needing("the main job runs from a URL with the README's permissions and an empty cache", missing),
  async fn() {
    const flags = await leastFlags();
    await assertRunsFromUrl(({ platform, home }, sources) => [...flags(platform, home), `--allow-import=${sources}`]);
  },
});

async function assertRunsFromUrl(flags: (place: Place, sources: string) => readonly string[]): Promise<void> {
  await using sources = serveCheckout();
  await using cache = await emptyFolder();
  await assertMainJob({
    program: Deno.execPath(),
    args: (place) => ["run", ...flags(place, sources.host), `http://${sources.host}${PREFIX}main.ts`],
    env: cacheEnv(cache.path),
  });
  assert.ok(sources.served.includes("main.ts"));
}

interface Sources extends AsyncDisposable {
  readonly host: string;
  readonly served: readonly string[];
}

/** What any plain file server does: a path is a file, and its type is told by its name. */
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

function cacheEnv(folder: string): Record<string, string> {
  // Networks that look into TLS have their own root certificate, which the machine's store knows.
  return { DENO_DIR: folder, DENO_TLS_CA_STORE: Deno.env.get("DENO_TLS_CA_STORE") ?? "mozilla,system" };
}

/** An empty cache means that packages are downloaded: says why that can't be done here, if so. */
async function packagesMissing(): Promise<string | undefined> {
  await using cache = await emptyFolder();
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["cache", "--no-config", "--no-lock", new URL("lib/deps/dotenv.ts", ROOT).href],
    cwd: cache.path,
    clearEnv: true,
    env: { ...machineEnv(), ...cacheEnv(cache.path) },
    stdin: "null",
    stdout: "null",
    stderr: "null",
    signal: AbortSignal.timeout(60_000),
  }).output();
  return success ? undefined : "skipped: packages can't be downloaded here";
}
