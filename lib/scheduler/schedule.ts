/** What a schedule is: as somebody writes it, and as everything else reads it, complete and checked. */

import type { JsonObject } from "../json.ts";

export const OVERLAPS = ["skip", "queue", "allow", "cancel-previous"] as const;
/** What becomes of a slot that is due while a run of an earlier one is still open. */
export type Overlap = typeof OVERLAPS[number];

/**
 * What becomes of slots that no tick saw in time: nothing, the last of them alone, or the last few, oldest first. Those
 * that are not made up for are reported.
 */
export type CatchUp = "none" | "last" | { readonly all: number };

export const ON_DEADLINES = ["keep", "cancel"] as const;
/** A run past its deadline is reported; `cancel` also ends it. */
export type OnDeadline = typeof ON_DEADLINES[number];

export const NOTICES = [
  "submitted",
  "completed",
  "failed",
  "cancelled",
  /** Nobody knows whether a run was started, or what became of it. */
  "unknown",
  /** No tick came in time, and the slot is not made up for. */
  "missed",
  /** An earlier run was in the way. */
  "skipped",
  /** A run takes longer than it may. */
  "deadline",
] as const;
/** What there is to tell about a slot. */
export type NotificationKind = typeof NOTICES[number];

/** Where a schedule runs when it does not say: deployments of branches and machines of developers stay quiet. */
export const PRODUCTION = "production";

/** A schedule as somebody writes it, for `defineSchedules`. */
export interface ScheduleSpec {
  /** `[a-z][a-z0-9-]*`, at most 40 characters, its own. Slots are called by it: another name is another schedule. */
  readonly name: string;
  /** Five fields: minute, hour, day of month, month, day of week. */
  readonly cron: string;
  /** An IANA name like `Europe/Berlin`; UTC when left out. */
  readonly timeZone?: string;
  readonly workflow: string;
  /** Inputs saved with the workflow; the file and the inline inputs stand above them. */
  readonly preset?: string;
  /** A JSON or YAML file that is deployed along; the inline inputs stand above it. */
  readonly inputsFile?: string;
  readonly inputs?: JsonObject;
  readonly displayName?: string;
  /** Grants what the workflow asks consent for; false when left out. */
  readonly trust?: boolean;
  /** `skip` when left out. */
  readonly overlap?: Overlap;
  /** How long a run may take, like `2h`; as long as it likes when left out. */
  readonly deadline?: string;
  /** `keep` when left out. */
  readonly onDeadline?: OnDeadline;
  /** `last` when left out. */
  readonly catchUp?: CatchUp;
  /** Spreads the submits over this long after the slot, like `5m`; not at all when left out. */
  readonly jitter?: string;
  /** The timelines that it runs on, `["production"]` when left out; false switches it off. */
  readonly enabled?: false | readonly string[];
  readonly notify?: readonly WebhookSpec[];
}

/** Whom to tell. */
export interface WebhookSpec {
  /** https, but for this machine itself. */
  readonly url: string;
  /** The bad news when left out: failed, unknown, missed and deadline. */
  readonly on?: readonly NotificationKind[];
  /** The environment variable that holds the secret which messages are signed with; unsigned when left out. */
  readonly secretEnv?: string;
}

/** A schedule that nothing speaks against, with nothing left out. */
export interface Schedule {
  readonly name: string;
  readonly cron: string;
  readonly timeZone: string;
  readonly workflow: string;
  readonly preset: string | null;
  readonly inputsFile: string | null;
  /** Empty when none are given. */
  readonly inputs: JsonObject;
  readonly displayName: string | null;
  readonly isTrusted: boolean;
  readonly overlap: Overlap;
  readonly deadlineMs: number | null;
  readonly onDeadline: OnDeadline;
  readonly catchUp: CatchUp;
  readonly jitterMs: number;
  /** The timelines that it runs on; none when it is switched off. */
  readonly timelines: readonly string[];
  readonly notify: readonly Webhook[];
}

export interface Webhook {
  readonly url: string;
  readonly on: readonly NotificationKind[];
  readonly secretEnv: string | null;
}

/** One instant that a schedule names. */
export interface Occurrence {
  /** `nightly@2026-03-29T01:00Z`: the schedule's name and the instant in UTC, its own also in a repeated hour. */
  readonly id: string;
  readonly schedule: string;
  readonly atMs: number;
}

/** Whether a schedule runs on a timeline. */
export function runsOn({ timelines }: Pick<Schedule, "timelines">, timeline: string): boolean {
  return timelines.includes(timeline);
}
