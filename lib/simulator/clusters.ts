/** The simulated compute clusters, the same for every user. Addresses are from the documentation range (RFC 5737). */

import { isObject, type JsonObject } from "../json.ts";
import type { SimulatorOptions } from "./simulator.ts";

const PLAIN = {
  description: "",
  type: "existing",
  status: "active",
  schedulerType: "",
  activeNodes: 1,
  maxNodes: 1,
  tags: [] as readonly string[],
  favorite: false,
};

/** A cluster, as the server lists it. */
export interface SimulatedCluster extends Readonly<typeof PLAIN> {
  readonly id: string;
  readonly name: string;
  readonly displayName: string;
  readonly ipAddress: string;
  readonly csp?: string;
  readonly region?: string;
}

export const SAMPLE_CLUSTERS: readonly SimulatedCluster[] = [
  {
    ...PLAIN,
    id: "6894b3f8d9dedd97d7c3d536",
    name: "a30gpuserver",
    displayName: "A30 GPU server",
    description: "On-premises GPU node",
    ipAddress: "192.0.2.10",
    tags: ["gpu"],
    favorite: true,
  },
  {
    ...PLAIN,
    id: "65f1c2aa90b7e4d1c8a30b12",
    name: "cloudslurm",
    displayName: "Cloud Slurm",
    description: "Elastic Slurm cluster",
    type: "aws-slurm",
    ipAddress: "192.0.2.20",
    schedulerType: "slurm",
    csp: "aws",
    region: "us-east-1",
    activeNodes: 2,
    maxNodes: 64,
    tags: ["slurm"],
  },
  {
    ...PLAIN,
    id: "65f1c2aa90b7e4d1c8a30b99",
    name: "weekendcluster",
    displayName: "Weekend cluster",
    description: "Switched off on working days",
    type: "google-slurm",
    status: "off",
    ipAddress: "192.0.2.30",
    schedulerType: "slurm",
    csp: "google",
    region: "us-central1",
    activeNodes: 0,
    maxNodes: 16,
  },
];

const WORKSPACE_ID = "user-workspace";

export function describedClusters(described: NonNullable<SimulatorOptions["clusters"]>): SimulatedCluster[] {
  return Object.entries(described).map(([name, facts], index): SimulatedCluster => ({
    ...PLAIN,
    id: (0xc10c0000 + index).toString(16).padStart(24, "0"),
    name,
    displayName: name,
    ipAddress: `192.0.2.${100 + index % 100}`,
    ...facts,
  }));
}

/**
 * Replaces a cluster name or a `pw://user/name` address by the cluster object. An object with `$type` must be an existing
 * cluster; any other object is accepted unchecked. Returns `undefined` if there is no such cluster.
 */
export function resolveCluster(value: unknown, { user, clusters, allowsWorkspace }: {
  readonly user: string;
  readonly clusters: readonly SimulatedCluster[];
  readonly allowsWorkspace: boolean;
}): JsonObject | undefined {
  if (isObject(value)) {
    const ids = [WORKSPACE_ID, ...clusters.map(({ id }) => id)];
    return value["$type"] === undefined || ids.some((id) => id === value["id"]) ? value : undefined;
  }
  const reference = { $type: "computeResource", namespace: user, user };
  if (value === "workspace" && allowsWorkspace) {
    return { ...reference, id: WORKSPACE_ID, name: "workspace", ip: "" };
  }
  const name = String(value).split("/").at(-1);
  const cluster = clusters.find((cluster) => cluster.name === name);
  if (cluster === undefined) return undefined;
  return {
    ...reference,
    id: cluster.id,
    ip: cluster.ipAddress,
    name: cluster.name,
    provider: cluster.csp ?? cluster.type,
    schedulerType: cluster.schedulerType,
    type: cluster.type,
    uri: `pw://${user}/${cluster.name}`,
  };
}
