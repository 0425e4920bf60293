/** Joins the reports of the shards of one run. Pure. */

import { InvalidInputs } from "../errors.ts";
import type { Problem } from "../problem.ts";
import { counted } from "../text.ts";
import { readCtrf } from "./read_ctrf.ts";
import { worstFirst } from "./cases.ts";
import type { Report, ReportCase } from "./report.ts";

export interface ShardFile {
  readonly path: string;
  /** CTRF. */
  readonly text: string;
}

type ReadShard = Pick<ShardFile, "path"> & { readonly report: Report };

/**
 * The report that the run would have had without shards.
 *
 * @param exitCodeOf The exit code of cases that were all run.
 * @throws InvalidInputs for each file that cannot be read, and for each shard that is missing or there twice.
 */
export function mergeShards(files: readonly ShardFile[], exitCodeOf: (cases: readonly ReportCase[]) => number): Report {
  const problems: Problem[] = [];
  const problem = (origin: string, message: string) => void problems.push({ origin, path: "", message });
  const shards = files.flatMap(({ path, text }): ReadShard[] => {
    const report = readCtrf(text);
    if (typeof report !== "string") return [{ path, report }];
    problem(path, report);
    return [];
  });
  checkShards(shards, problem);
  // Of shards that belong together.
  const cases = problems.length === 0 ? joinedCases(shards, problem) : [];
  const reports = shards.map(({ report }) => report);
  const [first] = reports;
  if (problems.length > 0 || first === undefined) {
    if (problems.length === 0) problem("", "no files to merge");
    throw new InvalidInputs(`Cannot merge reports: ${counted(problems.length, "problem")}`, problems);
  }
  // A shard is compared with earlier runs of the whole: what changed is found anew.
  const { changes: _changes, ...common } = first;
  // Interrupted, or a defect: not visible in the cases.
  const stopped = Math.max(...reports.map(({ exitCode }) => exitCode));
  return {
    ...common,
    startedAtMs: extreme(reports.map(({ startedAtMs }) => startedAtMs), Math.min),
    endedAtMs: extreme(reports.map(({ endedAtMs }) => endedAtMs), Math.max),
    shard: null,
    exitCode: stopped >= 64 ? stopped : exitCodeOf(cases),
    cases,
  };
}

function checkShards(shards: readonly ReadShard[], problem: (origin: string, message: string) => void): void {
  const [first] = shards;
  const seen = new Map<number, string>();
  for (const { path, report } of shards) {
    const { kind, shard, title, environment } = report;
    if (shard === null || kind !== "suite") {
      problem(path, "is a whole report, not one shard (--shard)");
      continue;
    }
    if (title !== first?.report.title || environment !== first.report.environment) {
      problem(path, `belongs to another run than ${first?.path}`);
    } else if (shard.count !== first.report.shard?.count) {
      problem(path, `is one of ${shard.count} shards, not of ${first.report.shard?.count} as ${first.path}`);
    }
    const other = seen.get(shard.index);
    if (other === undefined) seen.set(shard.index, path);
    else problem(path, `is shard ${shard.index}, as ${other}`);
  }
  const count = first?.report.shard?.count ?? 0;
  for (let index = 1; index <= count; index++) {
    if (!seen.has(index)) problem("", `shard ${index} of ${count} is missing`);
  }
}

/** In the order of all. Setup runs are in each shard that needs them: the worst one counts. */
function joinedCases(
  shards: readonly ReadShard[],
  problem: (origin: string, message: string) => void,
): readonly ReportCase[] {
  const placed = new Map<number, ReportCase>();
  const [first] = shards;
  const total = first?.report.shard?.total ?? 0;
  for (const { path, report: { cases, shard } } of shards) {
    let isOther = shard?.total !== total;
    for (const [index, one] of cases.entries()) {
      const place = shard?.places[index] ?? total;
      const before = placed.get(place) ?? one;
      placed.set(place, worstFirst([before, one])[0] ?? one);
      isOther ||= before.id !== one.id || place >= total;
    }
    if (isOther) {
      problem(path, `is of another selection of cases than ${first?.path}: run all shards with the same files`);
    }
  }
  if (placed.size < total) problem("", `${counted(total - placed.size, "case")} of ${total} in no shard`);
  return [...placed].toSorted(([a], [b]) => a - b).map(([, one]) => one);
}

function extreme(times: readonly (number | null)[], choose: (...times: number[]) => number): number | null {
  const known = times.filter((time) => time !== null);
  return known.length === 0 ? null : choose(...known);
}
