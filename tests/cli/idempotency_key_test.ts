/** `--idempotency-key` at the command line. */

import assert from "node:assert/strict";
import { startSimulator } from "../../lib/simulator/start.ts";
import { startMain } from "../support/main_call.ts";
import { emptyFolder } from "../support/main_job.ts";
import { virtualClock } from "../support/virtual_clock.ts";

for (const key of ["", "  "]) {
  Deno.test(`the key ${JSON.stringify(key)} is refused, and nothing is sent`, async () => {
    const clock = virtualClock();
    await using simulator = await startSimulator({ clock });
    const args = ["run", "quick", "--no-history", "--idempotency-key", key];
    const { code, stderr } = await startMain({ args, key: simulator.key, clock }).end;
    assert.equal(code, 2);
    assert.match(stderr, /idempotency-key/);
    assert.equal(simulator.received("submit").length, 0);
  });
}

Deno.test("what a key guarantees on a host is shown before its first submit, and only then", async () => {
  const clock = virtualClock();
  await using state = await emptyFolder();
  await using simulator = await startSimulator({ clock, behavior: { slugs: "ignored" } });
  const call = (key: string) => {
    const args = ["run", "quick", "--idempotency-key", key];
    return startMain({ args, key: simulator.key, clock, env: { PW_STATE_DIR: state.path } }).end;
  };
  const line = /^This server is not known to refuse a second run with the same idempotency key: .*oldest remains/m;
  const first = (await call("one")).stderr;
  assert.match(first, line);
  assert.ok(first.search(line) < first.search(/^Run #/m), first);
  assert.doesNotMatch((await call("two")).stderr, line);
});
