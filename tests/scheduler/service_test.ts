import assert from "node:assert/strict";
import { aServiceStage } from "../support/service.ts";

Deno.test("a caller that gives up does not end the request for the key's owner that others wait for", async () => {
  await using stage = await aServiceStage([]);
  const { client } = (await stage.isolate()).deps;
  const aborted = new AbortController();
  const first = client.whoAmI({ signal: aborted.signal });
  const second = client.whoAmI({ signal: AbortSignal.timeout(10_000) });
  aborted.abort(new Error("gone"));
  await assert.rejects(first, /gone/);
  assert.equal((await second).user, "demo");
  assert.equal((await client.whoAmI({ signal: AbortSignal.timeout(10_000) })).user, "demo");
});
