/** `deno run https://…/main.ts`: no checkout, no configuration, no import map, nothing cached. */

import assert from "node:assert/strict";
import { leastFlags } from "./support/documents.ts";
import { cacheEnv, packagesMissing } from "./support/cold_cache.ts";
import { assertMainJob, emptyFolder, type JobEnvironment } from "./support/main_job.ts";
import { needing } from "./support/needs.ts";
import { serveCheckout } from "./support/serve_checkout.ts";

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
    args: (environment) => ["run", ...flags(environment), `${sources.url}main.ts`],
    env: cacheEnv(cache.path),
  });
  assert.ok(sources.served.includes("main.ts"));
}
