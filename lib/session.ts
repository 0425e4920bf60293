/** An interactive session, often started by a run. */
export interface Session {
  /** What it is called by. */
  readonly name: string;
  /** The platform's word for its kind. */
  readonly type: string;
  /** The platform's word. */
  readonly status: string | null;
  /** Whether it can be used. */
  readonly isHealthy: boolean | null;
  /** Relative to the host. */
  readonly externalHref: string | null;
  /** Where it is. */
  readonly url: string | null;
  /** What is wrong with it. */
  readonly errorMessage: string | null;
  /** The slug of the run that started it. */
  readonly runSlug: string | null;
  /** The number of the run that started it. */
  readonly runNumber: number | null;
  /** On the user's machine. */
  readonly localPort: number | null;
  /** Where the tunnel leads. */
  readonly remoteHost: string | null;
  /** Where the tunnel leads. */
  readonly remotePort: number | null;
}

/** Where a session is. */
export interface SessionAddress {
  /** What it is called by. */
  readonly name: string;
  /** Absolute. */
  readonly url: string;
}
