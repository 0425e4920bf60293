import assert from "node:assert/strict";
import { systemClock } from "../../lib/clock.ts";
import { openKv } from "../../lib/store/open_kv.ts";
import { createRunStore, type RunStore } from "../../lib/store/run_store.ts";

/** The store that `name` names, such as a path; setting a file aside fails the test. */
export function openRunStore(name: string): RunStore {
  const onSetAside = (message: string) => assert.fail(message);
  return createRunStore(openKv(name, { clock: systemClock, random: Math.random, onSetAside }));
}
