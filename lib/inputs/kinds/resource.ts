import type { JsonObject } from "../../json.ts";
import { type FieldKind, JSON_PROMPT } from "./kind.ts";

/** Any other resource of the account, which is sent unchanged. */
export const RESOURCE: FieldKind = {
  types:
    /^(?:compute-resources|instance-type|region|zone|storage|bucket|storage-image|organization-groups|file|kubernetes-.*)$/,
  read: () => ({
    allowed: "a name or an object",
    allows: (value) => (typeof value === "string" && value !== "") || (typeof value === "object" && value !== null),
    textType: "text",
    prompt: JSON_PROMPT,
    schema: (): JsonObject => ({ anyOf: [{ type: "string", minLength: 1 }, { type: ["object", "array"] }] }),
  }),
};
