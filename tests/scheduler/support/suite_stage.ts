/** A service with a schedule that runs a suite, and a platform for its cases. */

import { occurrenceEndOf } from "../../../lib/scheduler/report_occurrences.ts";
import type { ScheduleSpec } from "../../../lib/scheduler/schedule.ts";
import type { Service } from "../../../lib/scheduler/service.ts";
import { DEFAULT_TICK, tick } from "../../../lib/scheduler/tick.ts";
import { aServiceStage, type ServiceStage } from "../../support/service.ts";

export const START_MS = Date.UTC(2026, 0, 5, 9);
const MINUTE_MS = 60_000;

const FORM =
  "on:\n  execute:\n    inputs:\n      n: { type: number, optional: true }\n      resource: { type: compute-clusters, optional: true }\n";
export const MAIN = "jobs:\n  main:\n    steps:\n      - name: solve\n        run: solve\n";
const working = (lasts: string, more = {}) => ({ yaml: FORM + MAIN, scenario: { "main/solve": { lasts, ...more } } });

export const SUITE_WORKFLOWS = {
  good: working("40s", { outputs: { n: "${{ inputs.n }}" }, logs: ["done"] }),
  bad: working("20s", { fails: true, logs: ["::error::mesh is broken"] }),
  long: working("7m"),
  endless: working("forever"),
  queued: { yaml: FORM + MAIN, scenario: { queue: { lasts: "10m" }, "main/solve": { lasts: "5m" } } },
};

export const EVERY_HOUR: ScheduleSpec = { name: "suite", cron: "0 * * * *", suite: "tests/a.suite.yaml" };

/** The path of the schedule above. */
export function aSuite(...cases: readonly string[]): Record<string, string> {
  return { "tests/a.suite.yaml": `version: 1\nname: nightly\ncases:\n${cases.map((one) => `  - ${one}\n`).join("")}` };
}

export interface SuiteStage extends ServiceStage {
  readonly service: Service;
  /** Ticks at the start of each of these minutes after 9:00. The occurrence of 10:00 is that of minute 60. */
  ticks(from: number, to: number, service?: Service): Promise<void>;
  /** Of each occurrence, the earliest first. */
  statuses(): Promise<readonly string[]>;
  /** How many runs each workflow has. */
  runs(): Readonly<Record<string, number>>;
}

export async function aSuiteStage(
  files: Readonly<Record<string, string>>,
  { specs = [EVERY_HOUR], ...options }: Parameters<typeof aServiceStage>[1] & {
    readonly specs?: readonly ScheduleSpec[];
  } = {},
): Promise<SuiteStage> {
  const plain = await aServiceStage(specs, { startMs: START_MS, workflows: SUITE_WORKFLOWS, isHeld: true, ...options });
  const readTextFile = (path: string) => {
    const text = files[path];
    return text === undefined ? Promise.reject(new Deno.errors.NotFound(path)) : Promise.resolve(text);
  };
  const stage: ServiceStage = { ...plain, isolate: (parts) => plain.isolate({ readTextFile, ...parts }) };
  const service = await stage.isolate();
  // The schedules are new, and begin with their next occurrence.
  await tick(service, { ...DEFAULT_TICK, isScheduled: false });
  return {
    ...stage,
    service,
    async ticks(from, to, own = service) {
      for (let minute = from; minute <= to; minute++) {
        stage.clock.advance(Math.max(0, START_MS + minute * MINUTE_MS - stage.clock.now()));
        await tick(own);
      }
    },
    async statuses() {
      const submissions = await service.deps.store.listOfSchedule("suite", 100);
      return submissions.map((one) => occurrenceEndOf(one)?.status ?? "open").toReversed();
    },
    runs: () =>
      Object.fromEntries(
        [...Map.groupBy(stage.simulator.runs(), ({ workflow }) => workflow)].map(([name, runs]) => [name, runs.length]),
      ),
  };
}
