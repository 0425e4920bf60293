/**
 * Each overlap policy in each situation: what becomes of the occurrences of a schedule that fires every ten minutes from
 * 9:10 to 9:50, ticked every minute until noon.
 */

import assert from "node:assert/strict";
import { occurrenceEndOf } from "../../lib/scheduler/report_occurrences.ts";
import type { Overlap } from "../../lib/scheduler/schedule.ts";
import { DEFAULT_TICK, tick } from "../../lib/scheduler/tick.ts";
import { aServiceStage, lasting } from "../support/service.ts";
import { aLife, mortal } from "./support/mortal.ts";

const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2026, 0, 5, 9);

interface Situation {
  readonly what: string;
  readonly runSeconds: number;
  /** No tick comes from 9:15 to 9:36. */
  readonly isDown?: boolean;
  /** The tick that is due is killed as it submits; the platform starts the run before or does not. */
  readonly killed?: "before-effect" | "after-effect";
  readonly outcomes: Readonly<Record<Overlap, string>>;
}

const LONG = {
  // The run of 9:10 lasts until 9:35.
  "skip": "completed skipped skipped completed skipped",
  "queue": "completed completed completed completed completed",
  "allow": "completed completed completed completed completed",
  "cancel-previous": "cancelled cancelled cancelled cancelled completed",
} as const;
const ALL = "completed completed completed completed completed";
// At 9:37, 9:20 and 9:30 are late, and the last of them is backfilled.
const WITHOUT_SECOND = "completed missed completed completed completed";

const SITUATIONS: readonly Situation[] = [
  {
    what: "runs of a second",
    runSeconds: 1,
    outcomes: { "skip": ALL, "queue": ALL, "allow": ALL, "cancel-previous": ALL },
  },
  { what: "runs of 25 minutes", runSeconds: 25 * 60, outcomes: LONG },
  {
    what: "a downtime with runs of a second",
    runSeconds: 1,
    isDown: true,
    outcomes: {
      "skip": WITHOUT_SECOND,
      "queue": WITHOUT_SECOND,
      "allow": WITHOUT_SECOND,
      "cancel-previous": WITHOUT_SECOND,
    },
  },
  {
    // The first run ends during the downtime, and must not block the backfilled occurrence.
    what: "a downtime with runs of 25 minutes",
    runSeconds: 25 * 60,
    isDown: true,
    outcomes: {
      "skip": "completed missed completed skipped skipped",
      "queue": WITHOUT_SECOND,
      "allow": WITHOUT_SECOND,
      "cancel-previous": "completed missed cancelled cancelled completed",
    },
  },
  {
    what: "a server killed as it submits, runs of 25 minutes",
    runSeconds: 25 * 60,
    killed: "before-effect",
    outcomes: LONG,
  },
  {
    what: "a server killed once it has submitted, runs of 25 minutes",
    runSeconds: 25 * 60,
    killed: "after-effect",
    outcomes: LONG,
  },
];

for (const situation of SITUATIONS) {
  for (const overlap of ["skip", "queue", "allow", "cancel-previous"] as const) {
    const expected = situation.outcomes[overlap];
    Deno.test(`overlap ${overlap}, ${situation.what}: ${expected.replaceAll(" ", ", ")}`, async () => {
      const { statuses, runs } = await outcomesOf(overlap, situation);
      assert.equal(statuses.join(" "), expected);
      // One run for each occurrence that has one, and none for the others.
      assert.equal(runs, statuses.filter((status) => status !== "skipped" && status !== "missed").length);
    });
  }
}

async function outcomesOf(overlap: Overlap, { runSeconds, isDown = false, killed }: Situation) {
  await using stage = await aServiceStage(
    [{ name: "every", cron: "*/10 9 * * *", workflow: "work", overlap }],
    { startMs: START_MS, workflows: { work: lasting(runSeconds) } },
  );
  const service = await stage.isolate();
  // As `probe` records them: without these, a submit during which a tick died stays unknown.
  await service.deps.store.updateCapabilities(service.deps.client.host, {
    keepsSlug: true,
    refusesDuplicateSlug: true,
  });
  await tick(service, { ...DEFAULT_TICK, isScheduled: false });
  for (let minute = 1; minute < 180; minute++) {
    stage.clock.advance(Math.max(0, START_MS + minute * MINUTE_MS - stage.clock.now()));
    if (isDown && minute >= 15 && minute < 37) continue;
    if (killed === undefined || minute % 10 > 0 || minute > 50) await tick(service);
    else {await tick(await mortal(stage, aLife({ end: "submit", isApplied: killed === "after-effect" }))).catch(
        () => {},
      );}
  }
  const submissions = await service.deps.store.listOfSchedule("every", 20);
  return {
    statuses: submissions.toReversed().map((submission) => occurrenceEndOf(submission)?.status ?? "open"),
    runs: stage.simulator.runs().length,
  };
}
