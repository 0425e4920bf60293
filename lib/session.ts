/** An interactive session, often started by a run. */
export interface Session {
  /** Falls back to the session's slug; empty when the server omits both. */
  readonly name: string;
  /** The platform's own term; empty when the server omits it. */
  readonly type: string;
  /** The platform's own term; `null` when the server omits it. */
  readonly status: string | null;
  /** `null` when the server does not report it. */
  readonly isHealthy: boolean | null;
  /** Relative to the host. */
  readonly externalHref: string | null;
  /** Absolute; `null` when the server omits it. */
  readonly url: string | null;
  /** `null` if there is no error. */
  readonly errorMessage: string | null;
  /** The run that started the session; `null` if there is none or the server is a legacy one. */
  readonly runSlug: string | null;
}

/** A session that a run started. */
export type RunSession = Pick<Session, "name" | "status" | "isHealthy" | "url" | "errorMessage">;

/** Where to open a session. */
export interface SessionAddress {
  /** The session's name. */
  readonly name: string;
  /** Absolute. */
  readonly url: string;
}
