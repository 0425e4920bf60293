import type { Json, JsonObject } from "./json.ts";

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

/** A cluster as a run's inputs contain it: the platform puts this object in place of the cluster's name. */
export function clusterReference({ id, name, user, type, ipAddress, schedulerType, csp }: Cluster): JsonObject {
  return {
    $type: "computeResource",
    id,
    name,
    ip: ipAddress,
    provider: type === "existing" ? type : csp ?? type ?? "",
    schedulerType: schedulerType ?? "",
    type: type ?? "",
    user: user ?? "",
    namespace: user ?? "",
    uri: `pw://${user ?? ""}/${name}`,
  };
}

/** The user's workspace as a run's inputs contain it, although it is no cluster. */
export const WORKSPACE = {
  id: "user-workspace",
  name: "workspace",
  ip: "",
  provider: "",
  schedulerType: "",
  type: "",
} as const satisfies JsonObject;

/** True for what inputs may call the user's workspace. */
export function isWorkspace(wanted: Json): boolean {
  return wanted === WORKSPACE.name || wanted === WORKSPACE.id;
}

/** Finds a cluster by its name, its `pw://user/name`, or an object with its id or name. */
export function findCluster(clusters: readonly Cluster[], wanted: Json): Cluster | undefined {
  if (typeof wanted === "object" && wanted !== null && !Array.isArray(wanted)) {
    return clusters.find(({ id, name }) => wanted["id"] === undefined ? wanted["name"] === name : wanted["id"] === id);
  }
  if (typeof wanted !== "string") return undefined;
  const [, owner = null, name = wanted] = /^pw:\/\/([^/]+)\/(.+)$/.exec(wanted) ?? [];
  const isOwner = (user: string | null) => owner === null || user === null || user === owner;
  return clusters.find((cluster) => cluster.name === name && isOwner(cluster.user));
}

/** True for an active cluster of one of these types or providers; `null` for any. */
export function isUsableCluster({ status, type, csp }: Cluster, providers: readonly string[] | null): boolean {
  if (status !== "active") return false;
  return providers === null || [type, csp].some((own) => own !== null && providers.includes(own));
}
