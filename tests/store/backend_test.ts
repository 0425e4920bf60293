import assert from "node:assert/strict";
import { abortable } from "../../lib/abortable.ts";
import type { Clock } from "../../lib/clock.ts";
import { StorageError } from "../../lib/errors.ts";
import {
  lazyBackend,
  MAX_ATTEMPTS,
  type PageQuery,
  StorageBusy,
  type StoreBackend,
  type StoreWrite,
} from "../../lib/store/backend.ts";
import { createKv } from "../../lib/store/kv.ts";
import { memoryBackend } from "../../lib/store/memory_kv.ts";
import { virtualClock } from "../support/virtual_clock.ts";

Deno.test("lazyBackend() tries again after a passing fault, with growing pauses", async () => {
  const clock = virtualClock();
  let faults = 5;
  const backend = failing(() => faults-- > 0 ? new StorageBusy("locked") : undefined);
  await using kv = createKv(lazyBackend(backend, { retry: { clock, random: () => 1 } }));
  assert.ok(await kv.atomic().set(["a"], 1).commit());
  assert.equal(clock.sleptMs, 20 + 40 + 80 + 160 + 320);
});

Deno.test("lazyBackend() gives up within seconds, with the last fault", async () => {
  for (const random of [() => 0, () => 0.999]) {
    const clock = virtualClock();
    let attempts = 0;
    const backend = failing(() => new StorageBusy(`attempt ${++attempts}`));
    await using kv = createKv(lazyBackend(backend, { retry: { clock, random } }));
    await assert.rejects(
      kv.get(["a"]),
      (error) => error instanceof StorageError && error.message === `attempt ${MAX_ATTEMPTS}`,
    );
    assert.equal(attempts, MAX_ATTEMPTS);
    assert.ok(clock.sleptMs > 5_000 && clock.sleptMs < 12_000, `${clock.sleptMs} ms`);
  }
});

Deno.test("lazyBackend() passes on any other error at once", async () => {
  const clock = virtualClock();
  await using kv = createKv(
    lazyBackend(failing(() => new StorageError("disk full")), { retry: { clock, random: Math.random } }),
  );
  await assert.rejects(kv.get(["a"]), /disk full/);
  await assert.rejects(Array.fromAsync(kv.list({ prefix: [] })), /disk full/);
  assert.equal(clock.sleptMs, 0);
});

Deno.test("lazyBackend() opens once, when it is first used, and closes what it opened once", async () => {
  const events: string[] = [];
  {
    await using kv = createKv(lazyBackend(() => {
      events.push("open");
      return Promise.resolve({ ...memoryBackend(), [Symbol.asyncDispose]: async () => void events.push("close") });
    }));
    assert.deepEqual(events, []);
    await Promise.all([kv.get(["a"]), kv.atomic().set(["a"], 1).commit()]);
    assert.deepEqual(events, ["open"]);
    await kv[Symbol.asyncDispose]();
  }
  assert.deepEqual(events, ["open", "close"]);
});

Deno.test("lazyBackend() that was never used, or could not be opened, closes without an error", async () => {
  let opened = 0;
  const open = () => {
    opened++;
    return Promise.reject(new StorageError("no such server"));
  };
  await lazyBackend(open)[Symbol.asyncDispose]();
  assert.equal(opened, 0);
  await using kv = createKv(lazyBackend(open));
  await assert.rejects(kv.get(["a"]), /no such server/);
});

Deno.test("lazyBackend() opens again after opening failed, so that it can be retried", async () => {
  let faults = 3;
  const open = () => faults-- > 0 ? Promise.reject(new StorageBusy("starting up")) : Promise.resolve(memoryBackend());
  const clock = virtualClock();
  await using kv = createKv(lazyBackend(open, { retry: { clock, random: Math.random } }));
  assert.equal((await kv.get(["a"])).value, null);
});

Deno.test("lazyBackend() that is aborted while it opens ends at once, opens nothing more, and closes what opens late", async () => {
  const stopping = new AbortController();
  const opening = Promise.withResolvers<StoreBackend>();
  const closed = Promise.withResolvers<void>();
  let opened = 0;
  const open = () => {
    opened++;
    return opening.promise;
  };
  const kv = createKv(lazyBackend(open, { signal: stopping.signal }));
  const reason = new Error("stopped");
  const isReason = (error: unknown) => error === reason;
  const waiting = assert.rejects(kv.get(["a"]), isReason);
  stopping.abort(reason);
  await waiting;
  await assert.rejects(kv.get(["a"]), isReason);
  await kv[Symbol.asyncDispose]();
  assert.equal(opened, 1);
  opening.resolve({ ...memoryBackend(), [Symbol.asyncDispose]: async () => closed.resolve() });
  await closed.promise;
});

Deno.test("lazyBackend() that is open works on after the abort: what is known is still stored", async () => {
  const stopping = new AbortController();
  await using kv = createKv(lazyBackend(() => Promise.resolve(memoryBackend()), { signal: stopping.signal }));
  await kv.get(["a"]);
  stopping.abort();
  assert.ok(await kv.atomic().set(["a"], 1).commit());
});

for (const fault of ["does not answer", "fails again and again"] as const) {
  Deno.test(`lazyBackend() whose server ${fault} after it was read ends reads a second after the abort, unless something was written`, async () => {
    for (const hasWritten of [false, true]) {
      const stopping = new AbortController();
      const reason = new Error("stopped");
      const held = Promise.withResolvers<void>();
      const asked = Promise.withResolvers<void>();
      const closed = Promise.withResolvers<void>();
      const memory = memoryBackend();
      let isBroken = false;
      const read: StoreBackend["read"] = async (keys) => {
        if (isBroken) {
          asked.resolve();
          await (fault === "does not answer" ? held.promise : Promise.reject(new StorageBusy("restarting")));
        }
        return await memory.read(keys);
      };
      const open = () => Promise.resolve({ ...memory, read, [Symbol.asyncDispose]: () => closed.promise });
      // The pauses between retries last until the server is back.
      const time = virtualClock();
      const clock: Clock = { ...time, sleep: (_, { signal = NEVER }) => abortable(held.promise, signal) };
      const kv = createKv(lazyBackend(open, { retry: { clock, random: Math.random }, signal: stopping.signal }));
      await kv.get(["a"]);
      if (hasWritten) await kv.atomic().set(["a"], 1).commit();
      isBroken = true;
      const reading = kv.get(["a"]);
      await asked.promise;
      stopping.abort(reason);
      if (hasWritten) {
        isBroken = false;
        held.resolve();
        closed.resolve();
        assert.equal((await reading).value, 1);
      } else {
        time.advance(1_000);
        await assert.rejects(reading, (error) => error === reason);
        isBroken = false;
        assert.equal((await kv.get(["a"])).value, null, "a store that answers is still read");
        isBroken = true;
        const later = assert.rejects(kv.get(["a"]), (error) => error === reason);
        time.advance(1_000);
        await later;
      }
      await kv[Symbol.asyncDispose]();
      held.resolve();
      closed.resolve();
    }
  });
}

Deno.test("lazyBackend() that has written ends what is not answered three seconds after the abort, and reports a lost write", async () => {
  const stopping = new AbortController();
  const reason = new Error("stopped");
  const isReason = (error: unknown) => error === reason;
  const memory = memoryBackend();
  let isHanging = false;
  let hanging = 0;
  const bothHang = Promise.withResolvers<void>();
  const answer = <T>(act: () => Promise<T>) => {
    if (!isHanging) return act();
    if (++hanging === 2) bothHang.resolve();
    return new Promise<T>(() => {});
  };
  const open = () =>
    Promise.resolve<StoreBackend>({
      ...memory,
      read: (keys) => answer(() => memory.read(keys)),
      write: (write) => answer(() => memory.write(write)),
      [Symbol.asyncDispose]: () => answer(() => Promise.resolve()),
    });
  const clock = virtualClock();
  let unwritten = 0;
  const kv = createKv(lazyBackend(open, {
    retry: { clock, random: Math.random },
    signal: stopping.signal,
    onUnwritten: () => void unwritten++,
  }));
  assert.ok(await kv.atomic().set(["a"], 1).commit());
  isHanging = true;
  const pending = [kv.atomic().set(["a"], 2).commit(), kv.get(["a"])];
  const ended = Promise.all(pending.map((each) => assert.rejects(each, isReason)));
  await bothHang.promise;
  stopping.abort(reason);
  isHanging = false;
  assert.ok(await kv.atomic().set(["a"], 3).commit(), "what is known is still stored");
  isHanging = true;
  clock.advance(2_999);
  assert.equal(unwritten, 0);
  clock.advance(1);
  await ended;
  assert.equal(unwritten, 1);
  await kv[Symbol.asyncDispose]();
});

const NEVER = new AbortController().signal;

/** Fails with what `fault` answers, and works when it answers `undefined`. */
function failing(fault: () => Error | undefined): () => Promise<StoreBackend> {
  const backend = memoryBackend();
  const check = () => {
    const error = fault();
    if (error !== undefined) throw error;
  };
  const opened = {
    ...backend,
    async read(keys: readonly string[]) {
      check();
      return await backend.read(keys);
    },
    async page(query: PageQuery) {
      check();
      return await backend.page(query);
    },
    async write(write: StoreWrite) {
      check();
      return await backend.write(write);
    },
  };
  return () => Promise.resolve(opened);
}

for (const isOpened of [false, true]) {
  Deno.test(`lazyBackend() whose server ${isOpened ? "no longer answers" : "never answers"} ends in an error, and closes`, async () => {
    const never = new Promise<never>(() => {});
    const hanging = { ...memoryBackend(), read: () => never, [Symbol.asyncDispose]: () => never };
    const open = () => isOpened ? Promise.resolve(hanging) : never;
    const retry = { clock: virtualClock(), random: Math.random };
    await using kv = createKv(lazyBackend(open, { retry, answerMs: 60_000 }));
    const reading = assert.rejects(kv.get(["a"]), { name: "StorageError", message: /did not answer in time/ });
    await retry.clock.sleep(61_000, {});
    await reading;
  });
}
