/** A cluster that the account can use. */
export interface Cluster {
  /** 24 hex digits. */
  readonly id: string;
  /** Unique among the clusters of one user; inputs refer to it. */
  readonly name: string;
  /** `null` if none is set. */
  readonly displayName: string | null;
  /** The owner; `null` when the server omits it. */
  readonly user: string | null;
  /** The platform's own term, like `existing`; `null` when the server omits it. */
  readonly type: string | null;
  /** The platform's own term; only `active` is usable. */
  readonly status: string;
  /** Empty if the cluster has none. */
  readonly ipAddress: string;
  /** Like `slurm`; `null` when the server omits it. */
  readonly schedulerType: string | null;
  /** Cloud service provider; `null` for a cluster outside the cloud. */
  readonly csp: string | null;
}
