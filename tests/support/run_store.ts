import assert from "node:assert/strict";
import { systemClock } from "../../lib/clock.ts";
import { openKv } from "../../lib/store/open_kv.ts";
import { createRunStore, type RunStore } from "../../lib/store/run_store.ts";

/** The store that `name` names, such as a path; by default, setting something aside fails the test. */
export function openRunStore(
  name: string,
  onSetAside: (message: string) => void = (message) => assert.fail(message),
): RunStore {
  return createRunStore(openKv(name, { clock: systemClock, random: Math.random, onSetAside }), onSetAside);
}
