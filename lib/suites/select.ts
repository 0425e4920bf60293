/** Chooses which of the planned runs are run, and in which order. Pure. */

import type { ShardNumber } from "../reports/report.ts";
import { shuffled } from "../seeded_random.ts";
import { normalizedPath } from "../text.ts";
import { besides } from "./read_suite.ts";
import type { PlannedCase } from "./plan.ts";
import { isOfFile } from "./references.ts";

export interface Selection {
  /** Any of them; all by default. */
  readonly tags?: readonly string[] | undefined;
  /** Names of cases, with or without their matrix; `*` matches anything. Or the whole name of a setup run. All by default. */
  readonly cases?: readonly string[] | undefined;
  /** Only what depends on these files; `null` for all. */
  readonly changedFiles?: readonly string[] | null;
  /** Only these; `null` for all. */
  readonly ids?: ReadonlySet<string> | null;
  readonly shard?: ShardNumber | null;
  readonly repeat?: number | undefined;
  readonly order?: "file" | "random" | undefined;
  /** In [0, 1); for the random order. */
  readonly random: () => number;
}

/** The selected cases, with what they need. */
export function selectCases(planned: readonly PlannedCase[], selection: Selection): readonly PlannedCase[] {
  const { cases = [], shard = null, repeat = 1, order, random } = selection;
  const affected = selection.changedFiles ? affectedBy(planned, selection.changedFiles) : null;
  const isWanted = (one: PlannedCase) => isChosen(one, selection) && affected?.has(one.id) !== false;
  const chosen = planned.filter((one) => one.kind === "setup" ? cases.includes(one.name) : isWanted(one));
  const all = withNeeds(chosen, planned);
  const sharded = shard === null ? all : inShard(all, shard);
  // What is needed still runs first.
  const ordered = order === "random" ? shuffled(sharded, random) : sharded;
  return ordered.flatMap((one) => {
    const count = one.kind === "setup" ? 1 : repeat;
    const repetitions = Array.from({ length: count - 1 }, (_, index) => index + 2);
    return [one, ...repetitions.map((place) => ({ ...one, id: `${one.id}-${place}`, name: `${one.name} #${place}` }))];
  });
}

function isChosen(one: PlannedCase, { tags = [], cases = [], ids = null }: Selection): boolean {
  if (ids !== null && !ids.has(one.id)) return false;
  if (tags.length > 0 && !tags.some((tag) => one.tags.includes(tag))) return false;
  return cases.length === 0 || cases.some((pattern) => isNamed(one, pattern));
}

/** @param pattern A name, in which `*` stands for any text. */
export function isNamed({ name, caseName }: PlannedCase, pattern: string): boolean {
  const regex = new RegExp(`^${pattern.split("*").map(RegExp.escape).join(".*")}$`, "s");
  return regex.test(name) || regex.test(caseName);
}

/** The ids of the runs that depend on a changed file, and of the cases that use what one of these has made. */
function affectedBy(planned: readonly PlannedCase[], changedFiles: readonly string[]): ReadonlySet<string> {
  const uses = planned.flatMap(({ id: user, needs }) =>
    needs.filter(({ isUsed }) => isUsed).map(({ id }) => ({ id, user }))
  );
  const users = Map.groupBy(uses, ({ id }) => id);
  const affected = new Set(planned.filter((one) => isAffected(one, changedFiles)).map(({ id }) => id));
  // What is added is visited, too.
  for (const id of affected) for (const { user } of users.get(id) ?? []) affected.add(user);
  return affected;
}

function isAffected({ file, inputs, paths, metrics }: PlannedCase, changedFiles: readonly string[]): boolean {
  const references = metrics.referenceFiles.map((name) => besides(file.path, name));
  const files = [file.path, ...inputs.filter(isOfFile).map(({ origin }) => origin), ...references];
  const globs = paths.map((path) => globPattern(normalizedPath(besides(file.path, path))));
  const changed = changedFiles.map(normalizedPath);
  return changed.some((path) =>
    files.some((own) => normalizedPath(own) === path) || globs.some((glob) => glob.test(path))
  );
}

function globPattern(glob: string): RegExp {
  const pattern = glob.split(/(\*\*\/?|\*|\?)/).map((part) => {
    if (part.startsWith("**")) return part === "**" ? ".*" : "(?:.*/)?";
    if (part === "*") return "[^/]*";
    return part === "?" ? "[^/]" : RegExp.escape(part);
  }).join("");
  return new RegExp(`^${pattern}$`, "s");
}

/** In the order of the plan. */
function withNeeds(chosen: readonly PlannedCase[], planned: readonly PlannedCase[]): readonly PlannedCase[] {
  const needs = new Map(planned.map((one) => [one.id, one.needs]));
  const wanted = new Set(chosen.map(({ id }) => id));
  // What is added is visited, too. Without recursion: thousands of cases may follow each other.
  for (const id of wanted) for (const need of needs.get(id) ?? []) wanted.add(need.id);
  return planned.filter(({ id }) => wanted.has(id));
}

/** Cases that need each other stay together; each shard runs the setup that its cases need. Setup for its own sake is a case. */
function inShard(all: readonly PlannedCase[], { index, count }: ShardNumber): readonly PlannedCase[] {
  const needed = new Set(all.flatMap(({ needs }) => needs.map(({ id }) => id)));
  const cases = all.filter(({ kind, id }) => kind === "case" || !needed.has(id));
  const group = new Map(cases.map(({ id }) => [id, id]));
  const rootOf = (id: string): string => {
    let root = id;
    for (let parent = group.get(root); parent !== undefined && parent !== root; parent = group.get(root)) root = parent;
    return root;
  };
  for (const { id, needs } of cases) {
    for (const need of needs) if (group.has(need.id)) group.set(rootOf(id), rootOf(need.id));
  }
  const groups = Map.groupBy(cases, ({ id }) => rootOf(id));
  const sizes = Array.from({ length: count }, () => 0);
  const own: PlannedCase[] = [];
  for (const members of groups.values()) {
    const smallest = sizes.indexOf(Math.min(...sizes));
    sizes[smallest] = (sizes[smallest] ?? 0) + members.length;
    if (smallest === index - 1) own.push(...members);
  }
  return withNeeds(own, all);
}
