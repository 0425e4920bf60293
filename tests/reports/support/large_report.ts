/** Reports of any size, with what a page shows: failures with long logs, flaky and skipped cases, history, metrics. */

import { seededRandom } from "../../../lib/seeded_random.ts";
import type { Job } from "../../../lib/run.ts";
import type { Report, ReportCase } from "../../../lib/reports/report.ts";
import type { CaseTrend, Trends } from "../../../lib/reports/trends.ts";
import { A_RESULT, aCase, anAttempt, aSuiteReport } from "./suite_report.ts";

const DAY_MS = 86_400_000;
const START_MS = Date.parse("2026-01-05T09:00:00Z");

const step = (name: string, status: string, jobs: readonly Job[] = []) => ({
  name,
  status,
  index: 0,
  uses: jobs.length === 0 ? null : "workflow/mesh",
  logPath: `logs/${name}`,
  annotations: [],
  jobs,
});
const JOBS: readonly Job[] = [{
  name: "main",
  status: "error",
  outputs: {},
  steps: [
    step("prepare", "completed"),
    step("mesh", "completed", [{
      name: "generate",
      status: "completed",
      outputs: {},
      steps: [step("gmsh", "completed")],
    }]),
    step("solve", "error"),
    step("upload", "skipped"),
  ],
}];

export const HOSTILE = `<img src=x onerror="globalThis.isHacked=1"></script><script>globalThis.isHacked=1</script>`;

/** Every twentieth case fails. */
export function aLargeReport(
  count: number,
  { logLength = 20_000 } = {},
): { readonly report: Report; readonly trends: Trends } {
  const random = seededRandom(21);
  const cases = Array.from({ length: count }, (_, index) => caseAt(index, { random, logLength }));
  const trends = new Map(cases.map((one, index) => [one.id, trendAt(index, one, random)]));
  return { report: aSuiteReport(cases), trends };
}

interface Making {
  readonly random: () => number;
  readonly logLength: number;
}

function caseAt(index: number, { random, logLength }: Making): ReportCase {
  const seconds = 30 + Math.round(random() * 3_000);
  const cluster = `cluster-${"abc".charAt(index % 3)}`;
  const passed = anAttempt({
    slug: `solver-${index}`,
    url: `https://activate.example.com/runs/solver-${index}`,
    runSeconds: seconds,
    queueSeconds: Math.round(random() * 300),
    resources: [cluster],
    end: {
      type: "result",
      result: { ...A_RESULT, outputs: { main: { energy: -1.17 - index / 1_000, note: "converged" } } },
    },
    logTail: ["iteration 1: residual 0.1", "iteration 2: residual 0.01", "done"],
  });
  const failed = {
    ...passed,
    status: "failed" as const,
    exitCode: 1,
    cause: "failure" as const,
    reason: 'step "solve" of job "main" failed',
    logTail: logOf(logLength, random),
    end: {
      type: "result" as const,
      result: { ...A_RESULT, status: "failed" as const, kind: "failed" as const, jobs: JOBS },
    },
  };
  const base = aCase({
    id: index.toString(16).padStart(16, "0"),
    name: `solve [mesh=${["coarse", "fine"][index % 2]}, nodes=${index}]`,
    suite: index % 5 === 0 ? "weekly" : "nightly",
    tags: index % 4 === 0 ? ["gpu"] : ["cpu"],
    parameters: { mesh: index % 2 === 0 ? "coarse" : "fine", nodes: String(index) },
    inputs: { mesh: { size: index }, solver: "fast", note: index === 0 ? HOSTILE : "plain" },
    attempts: [passed],
    metrics: [{
      name: "triad",
      value: 90_000 + index,
      unit: "MB/s",
      expected: "90000 MB/s (85500 or more)",
      isMet: true,
    }],
  });
  if (index % 20 === 0) {
    const expectation = index % 40 === 0
      ? {
        path: "outputs.main.energy",
        isMet: false,
        expected: "about -1.17, within 0.1%",
        actual: `-${index}.5`,
        knownFailure: null,
      }
      : { path: "status", isMet: false, expected: "completed", actual: "failed", knownFailure: null };
    const reason = `${expectation.path}: expected ${expectation.expected}, got ${expectation.actual}`;
    return { ...base, verdict: "failed", isFailure: true, reason, expectations: [expectation], attempts: [failed] };
  }
  if (index % 33 === 3) return { ...base, isFlaky: true, attempts: [{ ...failed, logTail: ["lost"] }, passed] };
  if (index % 50 === 7) return { ...base, verdict: "skipped", reason: `${cluster} is off`, attempts: [] };
  if (index % 100 === 9) return { ...base, verdict: "known-failure", reason: "the solver diverges (issue 12)" };
  return base;
}

/** Lines that compress badly. */
function logOf(length: number, random: () => number): readonly string[] {
  const lines: string[] = [];
  for (let size = 0; size < length; size += 80) {
    lines.push(
      `[${size}] residual ${random()} ${random().toString(36)} at node n${Math.floor(random() * 64)}`.slice(0, 79),
    );
  }
  return lines;
}

function trendAt(index: number, one: ReportCase, random: () => number): CaseTrend {
  const failsSince = index % 40 === 0 && index > 0 ? 3 : 0;
  const points = Array.from({ length: 10 }, (_, back) => {
    const isFailure = one.isFailure && back >= 10 - failsSince;
    return {
      atMs: START_MS - (10 - back) * DAY_MS,
      verdict: isFailure ? "failed" as const : "passed" as const,
      isFailure,
      isFlaky: false,
      runSeconds: 100 + Math.round(random() * 50),
      queueSeconds: 10,
      metrics: { triad: 89_000 + Math.round(random() * 2_000) },
    };
  });
  return {
    points,
    change: one.isFailure ? failsSince > 0 ? "still-failing" : "new-failure" : index % 97 === 1 ? "recovered" : null,
    failingSinceMs: one.isFailure ? START_MS - failsSince * DAY_MS : null,
    flakinessRate: one.isFlaky ? 0.2 : 0,
    usualSeconds: 120,
    skipStreak: one.verdict === "skipped" ? 6 : 0,
  };
}

/** A sweep over two parameters, with a number, a text and a nested value as outputs. */
export function aBatchReport(count: number): Report {
  const random = seededRandom(7);
  const cases = Array.from({ length: count }, (_, index) => {
    const [mesh, solver] = [[0.1, 0.2, 0.4, 0.8][index % 4], ["fast", "exact"][index % 2]];
    const outputs = { main: { energy: String(-1 - (mesh ?? 0) - random() / 10), note: "converged", list: [1, 2] } };
    return aCase({
      id: `row-${index + 1}`,
      name: `${index + 1}. mesh=${mesh} solver=${solver}`,
      suite: "sweep",
      file: null,
      parameters: { mesh: String(mesh), solver: String(solver) },
      repeatCommand: null,
      ...index % 9 === 4 ? { verdict: "failed" as const, reason: "no license" } : {},
      attempts: [anAttempt({
        runSeconds: 60 + Math.round(random() * 100),
        end: { type: "result", result: { ...A_RESULT, outputs } },
      })],
    });
  });
  return { ...aSuiteReport(cases), kind: "batch", title: "sweep" };
}
