/** A process that writes submissions and prints each one that is stored: `run_store_worker.ts STORE MODE NAME`. */

import { systemClock } from "../../lib/clock.ts";
import { openKv } from "../../lib/store/open_kv.ts";
import { createRunStore } from "../../lib/store/run_store.ts";
import { aFinishedSubmission, anActiveSubmission, aPendingSubmission } from "../support/records.ts";

const [name = "", mode = "", worker = ""] = Deno.args;
await using store = createRunStore(
  openKv(name, { clock: systemClock, random: Math.random, onSetAside: console.error }),
);
let isOver = mode === "once";
if (!isOver) void Array.fromAsync(Deno.stdin.readable).then(() => isOver = true);
let count = 0;
do {
  const parts = { submissionId: `${worker}-${count}`, ownSlug: `slug-${worker}-${count}`, createdAtMs: count };
  const origin = count % 3 === 0 ? { type: "http" } as const : { type: "command-line" } as const;
  const pending = await store.put(aPendingSubmission({ ...parts, origin }));
  const active = await store.put(anActiveSubmission({ ...parts, origin, revision: pending.revision }));
  console.log(`${parts.submissionId} active`);
  if (count % 2 === 0) {
    await store.put(aFinishedSubmission({ ...parts, origin, revision: active.revision }));
    console.log(`${parts.submissionId} finished`);
  }
  count++;
  // Lets stdin be read: writes to a file would starve it.
  await systemClock.sleep(0, {});
} while (!isOver);
