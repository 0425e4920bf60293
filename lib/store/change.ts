/** One change, built step by step and checked against the limits before a backend sees it. */

import { StorageError } from "../errors.ts";
import type { Backend, Limits, Write } from "./backend.ts";
import { byteLength, type Key, keyText } from "./key.ts";
import type { Change } from "./kv.ts";

/** The most that one change may hold on any backend; Deno KV sets these. */
export const MAX_CHANGE = { checks: 90, mutations: 900, keyBytes: 60_000 } as const;

type Mutation =
  | { readonly type: "set"; readonly json: string }
  | { readonly type: "delete" }
  | { readonly type: "sum"; readonly by: number };

/** Begins an empty change. */
export function createChange(backend: Backend): Change {
  const checks: { key: string; version: string | null }[] = [];
  const mutations = new Map<string, Mutation>();
  const mutate = (key: Key, mutation: Mutation): Change => {
    const text = keyText(key);
    const before = mutations.get(text);
    if (before !== undefined && (before.type === "sum") !== (mutation.type === "sum")) {
      throw new TypeError(`One change can't both add to ${JSON.stringify(key)} and set or delete it`);
    }
    const isSum = before?.type === "sum" && mutation.type === "sum";
    mutations.set(text, isSum ? { type: "sum", by: before.by + mutation.by } : mutation);
    return change;
  };
  const change: Change = {
    check(...wanted) {
      for (const { key, versionstamp } of wanted) checks.push({ key: keyText(key), version: versionstamp });
      return change;
    },
    set: (key, value) => mutate(key, { type: "set", json: jsonOf(value, key, backend) }),
    delete: (key) => mutate(key, { type: "delete" }),
    sum(key, by) {
      if (!Number.isSafeInteger(by)) throw new RangeError(`by must be a safe integer: got ${by}`);
      return mutate(key, { type: "sum", by });
    },
    commit: async () => await backend.write(writeOf(checks, mutations, backend)),
  };
  return change;
}

function jsonOf(value: unknown, key: Key, { maxValueLength }: Limits): string {
  const json: string | undefined = JSON.stringify(value);
  if (json === undefined) throw new TypeError(`The value of ${JSON.stringify(key)} is not JSON`);
  if (json.length <= maxValueLength) return json;
  throw new StorageError(
    `Cannot store ${JSON.stringify(key)}: its value has ${json.length} characters, more than ${maxValueLength}`,
  );
}

function writeOf(checks: Write["checks"], mutations: ReadonlyMap<string, Mutation>, limits: Limits): Write {
  const sets: { key: string; json: string }[] = [];
  const deletes: string[] = [];
  const sums: { key: string; by: number }[] = [];
  for (const [key, mutation] of mutations) {
    if (mutation.type === "set") sets.push({ key, json: mutation.json });
    else if (mutation.type === "sum") sums.push({ key, by: mutation.by });
    else deletes.push(key);
  }
  const length = sets.reduce((sum, { json }) => sum + json.length, 0);
  const keyBytes = [...checks.map(({ key }) => key), ...mutations.keys()].reduce(
    (sum, key) => sum + byteLength(key),
    0,
  );
  for (
    const [what, size, max] of [
      ["checks", checks.length, MAX_CHANGE.checks],
      ["mutations", mutations.size, MAX_CHANGE.mutations],
      ["bytes of keys", keyBytes, MAX_CHANGE.keyBytes],
      ["characters of values", length, limits.maxChangeLength],
    ] as const
  ) {
    if (size > max) throw new StorageError(`Cannot store a change: it has ${size} ${what}, more than ${max}`);
  }
  return { version: createVersion(), checks: [...checks], sets, deletes, sums };
}

/** 64 random bits in 11 characters. Not from a `random` that is passed in: a test's fixed numbers would repeat one. */
function createVersion(): string {
  // deno-lint-ignore house/no-ambient -- see above
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace("=", "");
}
