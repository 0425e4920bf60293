import assert from "node:assert/strict";
import { ResponseLost } from "../../lib/errors.ts";
import { withLimit } from "../../lib/runs/limit.ts";

const { signal } = new AbortController();
const LATE = new DOMException("No response within 5 ms", "TimeoutError");

/** Like a request to a server that does not respond. */
const hang = (sent: AbortSignal) =>
  new Promise<never>((_resolve, reject) => {
    if (sent.aborted) return reject(sent.reason);
    sent.addEventListener("abort", () => reject(sent.reason), { once: true });
  });

Deno.test("withLimit() passes the signal itself where there is no limit", async () => {
  assert.equal(await withLimit({ signal }, "read it", (sent) => Promise.resolve(sent)), signal);
});

Deno.test("withLimit() reports a request that the limit ended as a response that was lost", async () => {
  const limit = new AbortController();
  const sent = withLimit({ signal, limit: limit.signal }, "read run hello-00001", hang);
  limit.abort(LATE);
  await assert.rejects(sent, (error) => {
    assert.ok(error instanceof ResponseLost);
    assert.equal(error.message, "Cannot read run hello-00001: the server did not respond in time");
    assert.equal(error.cause, LATE);
    return true;
  });
});

Deno.test("withLimit() throws the reason of the signal, even where the limit has passed as well", async () => {
  const reason = new Error("interrupted");
  for (const limit of [undefined, signal, AbortSignal.abort(LATE)]) {
    const sent = withLimit({ signal: AbortSignal.abort(reason), limit }, "read it", hang);
    await assert.rejects(sent, (error) => error === reason);
  }
});

Deno.test("withLimit() passes on another error, even where the limit has passed as well", async () => {
  const error = new TypeError("a bug");
  for (const limit of [signal, AbortSignal.abort(LATE)]) {
    const sent = withLimit({ signal, limit }, "read it", () => Promise.reject(error));
    await assert.rejects(sent, (thrown) => thrown === error);
  }
});

Deno.test("withLimit() throws the reason of a signal that aborts just after the limit", async () => {
  const reason = new Error("interrupted");
  const stop = new AbortController();
  const sent = withLimit({ signal: stop.signal, limit: AbortSignal.abort(LATE) }, "read it", async (both) => {
    stop.abort(reason);
    return await hang(both);
  });
  await assert.rejects(sent, (error) => error === reason);
});
