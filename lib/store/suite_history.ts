/** Reports of earlier calls of a suite, as documents whose cases are stored in parts that fit any backend. */

import type { Owner } from "../account.ts";
import { chunksByLength } from "../chunks.ts";
import { isObject } from "../json.ts";
import { sha256 } from "../text.ts";
import { ownerKey, timeKey } from "./submission_rows.ts";
import { keyPart, MAX_PART_LENGTH, type StoreKey } from "./backend.ts";
import { deleteRows, inChanges, type Kv } from "./kv.ts";

/** A suite of a user, in one of its environments. */
export interface SuiteScope {
  /** Whose API key it ran with. */
  readonly owner: Owner;
  /** By name. */
  readonly suite: string;
  /** `null` without one. */
  readonly environment: string | null;
}

/** One call of a suite. */
export interface StoredSuiteRun {
  /** When it started, milliseconds since the epoch: identifies it among those of its scope. */
  readonly atMs: number;
  /** What is known of all cases together. */
  readonly head: unknown;
  /** In the order of the report. */
  readonly cases: readonly unknown[];
}

/** As it is found: its owner can only be compared with others. */
export interface FoundSuiteRun extends StoredSuiteRun {
  /** Host and user, in one text. */
  readonly ownerId: string;
}

/** Methods throw StorageError when the store can't be read or written. */
export interface SuiteHistory {
  /** Of all scopes when left out. Those of a scope are together, oldest first. */
  list(scope?: SuiteScope): Promise<readonly FoundSuiteRun[]>;
  /** Replaces the one of the same instant, and removes the oldest beyond a number. */
  put(scope: SuiteScope, run: StoredSuiteRun, keep: number): Promise<void>;
  /** Removes those that started before an instant, milliseconds since the epoch, of all scopes. */
  prune(beforeMs: number): Promise<void>;
}

interface StoredHead {
  readonly head: unknown;
  /** A run with fewer is being written, or was not written to its end. */
  readonly parts: number;
}

const ROOT = "suite-run";

export function createSuiteHistory(kv: Kv): SuiteHistory {
  return {
    async list(scope) {
      const entries = await Array.fromAsync(kv.list({ prefix: scope === undefined ? [ROOT] : await prefixOf(scope) }));
      const runs = Map.groupBy(entries, ({ key }) => key.slice(0, -1).join("\t"));
      return [...runs.values()].flatMap(([first, ...parts]) => {
        const [, host, user, , , time] = first?.key ?? [];
        const stored = first?.value;
        if (!isHead(stored) || stored.parts !== parts.length) return [];
        const cases = parts.flatMap(({ value }) => Array.isArray(value) ? value : []);
        return [{ ownerId: `${host} ${user}`, atMs: Number(time), head: stored.head, cases }];
      });
    },
    async put(scope, { atMs, head, cases }, keep) {
      const prefix = await prefixOf(scope);
      const time = timeKey(atMs);
      const keys = (await Array.fromAsync(kv.list({ prefix }))).map(({ key }) => key);
      const kept = new Set([...new Set([...keys.map(timeOf), time])].toSorted().slice(-keep));
      const removed = keys.filter((key) => timeOf(key) === time || !kept.has(timeOf(key)));
      const parts = chunksByLength(cases);
      const stored: StoredHead = { head, parts: parts.length };
      // The head is the first.
      const rows = [stored, ...parts].map((value, index) => ({
        key: [...prefix, time, String(index).padStart(6, "0")],
        value,
      }));
      const removals = removed.map((key) => ({ key, value: undefined }));
      await inChanges(kv, [...removals, ...rows], (change, { key, value }) => {
        return value === undefined ? change.delete(key) : change.set(key, value);
      });
    },
    async prune(beforeMs) {
      let start: StoreKey | undefined;
      while (true) {
        const [oldest] = await Array.fromAsync(kv.list({ prefix: [ROOT], ...(start && { start }) }, { limit: 1 }));
        if (oldest === undefined) return;
        const scope = oldest.key.slice(0, -2);
        await deleteRows(kv, { prefix: scope, end: [...scope, timeKey(beforeMs)] });
        // Of the rest of a scope, nothing is read.
        start = [...scope, AFTER_TIMES];
      }
    },
  };
}

/** Follows all texts that begin with a digit. */
const AFTER_TIMES = ":";

async function prefixOf({ owner, suite, environment }: SuiteScope): Promise<StoreKey> {
  return [ROOT, ...ownerKey(owner), await wholePart(suite), await wholePart(environment ?? "")];
}

/** Of long names, parts may be equal. */
async function wholePart(name: string): Promise<string> {
  const part = keyPart(name);
  return part.length < MAX_PART_LENGTH ? part : part.slice(0, -16) + (await sha256(name)).slice(0, 16);
}

function timeOf(key: StoreKey): string {
  return key.at(-2) ?? "";
}

function isHead(value: unknown): value is StoredHead {
  return isObject(value) && typeof value.parts === "number";
}
