import type { JsonObject } from "./json.ts";

/** What a run is called: by its slug on current servers, by workflow and number on older ones. */
export type RunId =
  | { readonly type: "slug"; readonly slug: string }
  | { readonly type: "number"; readonly workflow: string; readonly number: number };

/** Our words for how a run is. */
export type RunStatus = "running" | "completed" | "failed" | "cancelled";

/** A run of the list. */
export interface Run {
  /** 24 hex digits. */
  readonly id: string;
  /** `null` on older servers, which know runs by number alone. */
  readonly slug: string | null;
  /** Counted within its workflow. */
  readonly number: number | null;
  /** Who started it. */
  readonly user: string;
  /** The name that the workflow had when the run began. */
  readonly workflowName: string | null;
  /** Told by older servers alone. */
  readonly workflowId: string | null;
  /** What it is called on the platform. */
  readonly displayName: string | null;
  /** Our word for how it is. */
  readonly status: RunStatus;
  /** True once the status can no longer change. A failed run that is not final is still winding down. */
  readonly isFinal: boolean;
  /** The platform's own word. */
  readonly platformStatus: string;
  /** False for a word that this tool does not know. */
  readonly isStatusKnown: boolean;
  /** Why it is so, in the platform's words. */
  readonly statusReason: string | null;
  /** RFC 3339, as the server wrote it. */
  readonly createdAt: string | null;
  /** RFC 3339; `null` while it goes on. */
  readonly completedAt: string | null;
}

/** A run with what only its own page tells. */
export interface RunDetail extends Run {
  /** In their order. */
  readonly jobs: readonly Job[];
  /** As the platform resolved them. */
  readonly inputs: JsonObject | null;
  /** What it offers to open. */
  readonly links: readonly Link[];
  /** What the platform's own page would open once the run has started. */
  readonly redirect: Redirect | null;
}

/** A part of a run. */
export interface Job {
  /** Its name in the workflow file. */
  readonly name: string;
  /** The platform's word: running, completed, error, canceled, skipped, skipped-failed, or one never seen. */
  readonly status: string;
  /** In their order. */
  readonly steps: readonly Step[];
  /** What the job wrote to `$OUTPUTS`. */
  readonly outputs: JsonObject;
}

/** A part of a job. */
export interface Step {
  /** Its name in the workflow file. */
  readonly name: string;
  /** The platform's word. */
  readonly status: string;
  /** Position within the job, from 0: its log is `logs/<job>/step_<index>/logs.out`. */
  readonly index: number;
}

/** Where a run stands: step 2 of 3 of a job. */
export interface StepPosition {
  /** By name. */
  readonly job: string;
  /** By name. */
  readonly step: string;
  /** From 1, over all jobs. */
  readonly ordinal: number;
  /** How many there are. */
  readonly total: number;
}

/** Something that a run offers to open. */
export interface Link {
  /** What it is called by. */
  readonly name: string;
  /** Where it is. */
  readonly url: string | null;
  /** The name of the endpoint behind it. */
  readonly endpoint: string | null;
}

/** What the platform's page of a run would open. */
export interface Redirect {
  /** What it is about, for programs. */
  readonly kind: "session" | "link";
  /** What it is called by. */
  readonly name: string;
}

/** One page of runs. */
export interface RunPage {
  /** In the order of the server. */
  readonly runs: readonly Run[];
  /** How many there are. */
  readonly total: number;
}

/** A run as `status` shows it. A field that the server did not tell is `null`. */
export interface RunView<Status extends string = RunStatus> {
  /** The name that the workflow had when the run began. */
  readonly workflowName: string | null;
  /** Told by older servers alone. */
  readonly workflowId: string | null;
  /** Counted within the workflow. */
  readonly runNumber: number | null;
  /** The run's own name; `null` on older servers. */
  readonly slug: string | null;
  /** Our word. */
  readonly status: Status;
  /** The platform's word. */
  readonly platformStatus: string | null;
  /** RFC 3339. */
  readonly startedAt: string | null;
  /** RFC 3339; `null` while it goes on. */
  readonly completedAt: string | null;
  /** By the server's own clock. */
  readonly durationSeconds: number | null;
  /** Why it is so, where somebody says. */
  readonly errorMessage: string | null;
  /** With their steps, when the run's own page was read. */
  readonly jobs?: readonly Job[];
  /** Job name → what it published. */
  readonly outputs?: JsonObject;
  /** What the run offers to open. */
  readonly links?: readonly Link[];
}
