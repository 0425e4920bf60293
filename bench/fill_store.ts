import { createKv, type Kv } from "../lib/store/kv.ts";
import { keyParts } from "../lib/store/backend.ts";
import { memoryBackend } from "../lib/store/memory_kv.ts";
import { createRunStore } from "../lib/store/run_store.ts";
import type { Submission } from "../lib/submission.ts";

/** Adds new submissions as the run store does, but many in each change. */
export async function fillStore(kv: Kv, submissions: Iterable<Submission>): Promise<void> {
  let change = kv.atomic();
  const store = createRunStore(createKv({
    ...memoryBackend(),
    write({ version, sets, sums }) {
      for (const { key, json } of sets) change.set(keyParts(key), JSON.parse(json));
      for (const { key, by } of sums) change.sum(keyParts(key), by);
      return Promise.resolve(version);
    },
  }));
  for (const submission of submissions) {
    await store.put(submission);
    if (!change.isNearlyFull()) continue;
    await change.commit();
    change = kv.atomic();
  }
  await change.commit();
}
