import assert from "node:assert/strict";
import { retryingStore } from "../../lib/scheduler/retrying_store.ts";
import { schedulerStoreOn } from "../../lib/scheduler/scheduler_store.ts";
import { systemClock } from "../../lib/clock.ts";
import { StorageError } from "../../lib/errors.ts";
import { emptyFolder } from "../support/main_job.ts";
import { virtualClock } from "../support/virtual_clock.ts";

const OCCURRENCE = { id: "every@a", schedule: "every", atMs: 1 };

Deno.test("a store that is locked for a moment is asked again, and nothing is done twice", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = schedulerStoreOn(kv);
  let locked = 3;
  const clock = virtualClock();
  const patient = retryingStore({
    ...store,
    addOccurrence: (occurrence) =>
      locked-- > 0 ? Promise.reject(new TypeError("database is locked")) : store.addOccurrence(occurrence),
  }, { clock, random: () => 0.5 });
  assert.equal(await patient.addOccurrence(OCCURRENCE), true);
  assert.equal(await patient.addOccurrence(OCCURRENCE), false);
  assert.ok(clock.sleptMs > 0);
  locked = Infinity;
  await assert.rejects(patient.addOccurrence(OCCURRENCE), StorageError);
});

Deno.test("handles that write one file at once all come to an end", async () => {
  await using folder = await emptyFolder();
  const parts = { clock: systemClock, random: Math.random };
  using first = await Deno.openKv(`${folder.path}/kv`);
  using second = await Deno.openKv(`${folder.path}/kv`);
  const stores = [first, second].map((kv) => retryingStore(schedulerStoreOn(kv), parts));
  const ids = Array.from({ length: 40 }, (_, index) => `every@${index}`);
  const added = await Promise.all(
    stores.flatMap((store) => ids.map((id) => store.addOccurrence({ ...OCCURRENCE, id }))),
  );
  assert.equal(added.filter((isNew) => isNew).length, ids.length);
  const [store] = stores;
  assert.equal((await store?.openOccurrences())?.length, ids.length);
});
