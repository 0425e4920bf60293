/** What the status page shows. */

export interface PageFacts {
  /** The platform. */
  readonly host: string;
  readonly timeline: string;
  readonly nowMs: number;
  readonly hasEnabledSchedules: boolean;
  readonly ticks: {
    readonly startedMs: number;
    readonly tookMs: number;
    readonly missed: number;
    readonly error: string | null;
  } | null;
  /** The number of finished runs by status. */
  readonly counts: Readonly<Record<string, number>>;
  readonly schedules: readonly ScheduleFacts[];
  /** May exceed the number of `open` ones. */
  readonly openCount: number;
  /** Those that have been open the longest. */
  readonly open: readonly OpenFacts[];
  readonly failures: readonly FailureFacts[];
  readonly notifications: readonly {
    readonly occurrenceId: string;
    readonly kind: string;
    readonly createdAtMs: number;
    readonly message: string | null;
  }[];
}

export interface RunFacts {
  /** For `/runs/<id>`. */
  readonly id: string;
  readonly workflow: string;
  readonly displayName: string | null;
  readonly slug: string | null;
}

export interface OpenFacts extends RunFacts {
  readonly status: string;
  readonly sinceMs: number;
}

export interface FailureFacts extends RunFacts {
  readonly status: "failed" | "rejected";
  readonly atMs: number;
  readonly message: string;
  /** The last lines of each failed step. */
  readonly logs: readonly { readonly step: string; readonly lines: readonly string[] }[];
}

export interface ScheduleFacts {
  readonly name: string;
  readonly workflow: string;
  readonly cron: string;
  readonly timeZone: string;
  readonly overlap: string;
  readonly isEnabled: boolean;
  readonly nextMs: readonly number[];
  /** Newest first. */
  readonly results: readonly {
    readonly scheduledAtMs: number;
    readonly status: string;
    readonly slug: string | null;
    readonly durationSeconds: number | null;
    readonly message: string | null;
  }[];
}
