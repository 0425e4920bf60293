import { isWorkspace, WORKSPACE } from "../../cluster.ts";
import { isObject, type Json, type JsonObject } from "../../json.ts";
import type { FieldKind } from "./kind.ts";

/** `compute-clusters`. */
export const CLUSTER: FieldKind = {
  types: /^compute-clusters$/,
  read(_attributes, entry) {
    // For an expression, which only the platform can evaluate, the workspace is not rejected here.
    const allowsWorkspace = !entry.isFalse("include-workspace");
    const providers = entry.get("provider");
    return {
      kind: "cluster",
      allowsWorkspace,
      isAutoselected: entry.get("autoselect") === true,
      providers: Array.isArray(providers)
        ? providers.map(String)
        : typeof providers === "string" && !providers.includes("${{")
        ? [providers]
        : null,
      allowed: `a cluster's name, its pw://user/name or an object with its id${
        allowsWorkspace ? ', or "workspace"' : ""
      }`,
      allows: (value) =>
        typeof value === "string"
          ? CLUSTER_NAME.test(value) && (allowsWorkspace || !isWorkspace(value))
          : isClusterObject(value),
      hintFor: (value) =>
        isWorkspace(value) && !allowsWorkspace ? "this workflow does not accept the workspace" : undefined,
      textType: "text",
      prompt: { type: "cluster" },
      schema: () => clusterSchema(allowsWorkspace),
    };
  },
};

/** Matches a name or an address that the platform resolves. */
const CLUSTER_NAME = /^(?:pw:\/\/[^/\s]+\/[^/\s]+|[^/\s]+)$/;
/** Members that must be text if present. */
const CLUSTER_MEMBERS = ["id", "ip", "name", "namespace", "provider", "schedulerType", "type", "uri", "user"] as const;

/** The platform resolves the id of an object with this `$type`, and sends any other object unchanged. */
function isClusterObject(value: Json): boolean {
  if (!isObject(value)) return false;
  if (CLUSTER_MEMBERS.some((name) => value[name] !== undefined && typeof value[name] !== "string")) return false;
  const needed = value["$type"] === "computeResource" ? ["id"] : ["id", "name", "uri"];
  return needed.some((name) => typeof value[name] === "string" && value[name] !== "");
}

function clusterSchema(allowsWorkspace: boolean): JsonObject {
  const name: JsonObject = { type: "string", pattern: CLUSTER_NAME.source };
  return {
    anyOf: [
      allowsWorkspace ? name : { ...name, not: { enum: [WORKSPACE.name, WORKSPACE.id] } },
      {
        type: "object",
        properties: Object.fromEntries(CLUSTER_MEMBERS.map((member) => [member, { type: "string" }])),
        if: { properties: { $type: { const: "computeResource" } }, required: ["$type"] },
        then: has("id"),
        else: { anyOf: [has("id"), has("name"), has("uri")] },
      },
    ],
  };
}

function has(member: string): JsonObject {
  return { properties: { [member]: { type: "string", minLength: 1 } }, required: [member] };
}
