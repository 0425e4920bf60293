/** A cluster that the account may use. */
export interface Cluster {
  /** 24 hex digits. */
  readonly id: string;
  /** What it is called by. */
  readonly name: string;
  /** What people read. */
  readonly displayName: string | null;
  /** The owner; `null` when the server left it out. */
  readonly user: string | null;
  /** The platform's word for its kind. */
  readonly type: string | null;
  /** One of the platform's words; only `active` is usable. */
  readonly status: string;
  /** Empty where there is none. */
  readonly ipAddress: string;
  /** Which scheduler it has. */
  readonly schedulerType: string | null;
  /** Which cloud it is in. */
  readonly csp: string | null;
}
