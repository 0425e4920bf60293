/** A schedule as written in a file, and as checked and completed. */

import type { JsonObject } from "../json.ts";

export const OVERLAPS = ["skip", "queue", "allow", "cancel-previous"] as const;
/** What happens to an occurrence that is due while an earlier run is still open. */
export type Overlap = typeof OVERLAPS[number];

/**
 * Which missed occurrences still run, when no tick came in time: none, only the last one, or the last few, earliest
 * first. The others are reported.
 */
export type Backfill = "none" | "last" | { readonly all: number };

/** A run past its deadline is reported; `cancel` also cancels it. */
export const SCHEDULE_DEADLINE_ACTIONS = ["keep", "cancel"] as const;

export const NOTIFICATION_KINDS = [
  "submitted",
  "completed",
  "failed",
  "cancelled",
  /** It is unknown whether a run was started, or how it ended. */
  "unknown",
  /** No tick came in time, and the occurrence is not backfilled. */
  "missed",
  /** By the overlap policy. */
  "skipped",
  /** A run exceeded its deadline. */
  "deadline",
  /** Found ahead: the inputs do not fit the workflow, so that the next occurrence would fail. */
  "invalid",
] as const;
export type NotificationKind = typeof NOTIFICATION_KINDS[number];

/** The timeline of schedules without `enabled`, so that branch deployments and local servers run nothing by default. */
export const PRODUCTION = "production";

/** A schedule as written, for `defineSchedules`. */
export interface ScheduleSpec {
  /** `[a-z][a-z0-9-]*`, at most 40 characters, unique. Part of each occurrence's id: renaming starts a new schedule. */
  readonly name: string;
  /** Five fields: minute, hour, day of month, month, day of week. */
  readonly cron: string;
  /** An IANA name like `Europe/Berlin`; default UTC. */
  readonly timeZone?: string;
  /** Either a workflow or a suite. */
  readonly workflow?: string;
  /** A suite file in the deployment, as `test` runs it; in place of a workflow and its inputs. */
  readonly suite?: string;
  /** Inputs saved with the workflow; `inputsFile` and `inputs` override them. */
  readonly preset?: string;
  /** A JSON or YAML file in the deployment; `inputs` overrides it. */
  readonly inputsFile?: string;
  readonly inputs?: JsonObject;
  readonly displayName?: string;
  /** Grants the consent that the workflow asks for; default false. */
  readonly trust?: boolean;
  /** Default `skip`. */
  readonly overlap?: Overlap;
  /** The maximum duration of a run, like `2h`; default unlimited. */
  readonly deadline?: string;
  /** Default `keep`. */
  readonly onDeadline?: typeof SCHEDULE_DEADLINE_ACTIONS[number];
  /** Default `last`. */
  readonly backfill?: Backfill;
  /** The maximum delay after the scheduled time, to spread out submits, like `5m`; default none. */
  readonly jitter?: string;
  /** The timelines it runs on, default `["production"]`; false disables it. */
  readonly enabled?: false | readonly string[];
  readonly notify?: readonly WebhookSpec[];
}

export interface WebhookSpec {
  /** https; http only for localhost. */
  readonly url: string;
  /** Default failed, unknown, missed, skipped, deadline and invalid. */
  readonly on?: readonly NotificationKind[];
  /** The environment variable with the signing secret; messages are unsigned without it. */
  readonly secretEnv?: string;
}

type SharedField = "name" | "cron" | "timeZone" | "inputs" | "overlap" | "onDeadline" | "backfill";

/** A checked schedule with all defaults filled in. */
export interface Schedule extends Required<Pick<ScheduleSpec, SharedField>> {
  /** Empty if it runs a suite. */
  readonly workflow: string;
  /** The path of the suite file; `null` if it runs a workflow. */
  readonly suite: string | null;
  readonly preset: string | null;
  readonly inputsFile: string | null;
  readonly displayName: string | null;
  readonly isTrusted: boolean;
  readonly deadlineMs: number | null;
  readonly jitterMs: number;
  /** The timelines it runs on; empty if it is disabled. */
  readonly timelines: readonly string[];
  readonly notify: readonly Webhook[];
}

export interface Webhook extends Required<Pick<WebhookSpec, "url" | "on">> {
  readonly secretEnv: string | null;
}

/** One firing time of a schedule. */
export interface Occurrence {
  /** `nightly@2026-03-29T01:00Z`: the schedule's name and the UTC time, so it is unique in a repeated hour too. */
  readonly id: string;
  readonly schedule: string;
  readonly scheduledAtMs: number;
}
