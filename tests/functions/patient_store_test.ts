import assert from "node:assert/strict";
import { patientStore } from "../../functions/patient_store.ts";
import { cloudStore } from "../../functions/store.ts";
import { systemClock } from "../../lib/clock.ts";
import { StorageError } from "../../lib/errors.ts";
import { emptyFolder } from "../support/main_job.ts";
import { virtualClock } from "../support/virtual_clock.ts";

const SLOT = { id: "every@a", schedule: "every", atMs: 1 };

Deno.test("a store that is locked for a moment is asked again, and nothing is done twice", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = cloudStore(kv);
  let locked = 3;
  const clock = virtualClock();
  const patient = patientStore({
    ...store,
    addSlot: (slot) => locked-- > 0 ? Promise.reject(new TypeError("database is locked")) : store.addSlot(slot),
  }, { clock, random: () => 0.5 });
  assert.equal(await patient.addSlot(SLOT), true);
  assert.equal(await patient.addSlot(SLOT), false);
  assert.ok(clock.sleptMs > 0);
  locked = Infinity;
  await assert.rejects(patient.addSlot(SLOT), StorageError);
});

Deno.test("handles that write one file at once all come to an end", async () => {
  await using folder = await emptyFolder();
  const parts = { clock: systemClock, random: Math.random };
  using first = await Deno.openKv(`${folder.path}/kv`);
  using second = await Deno.openKv(`${folder.path}/kv`);
  const stores = [first, second].map((kv) => patientStore(cloudStore(kv), parts));
  const ids = Array.from({ length: 40 }, (_, index) => `every@${index}`);
  const added = await Promise.all(stores.flatMap((store) => ids.map((id) => store.addSlot({ ...SLOT, id }))));
  assert.equal(added.filter((isNew) => isNew).length, ids.length);
  const [store] = stores;
  assert.equal((await store?.openSlots())?.length, ids.length);
});
