import type { FieldKind } from "./kind.ts";

/** `string`, `password`, `editor`, `color-picker`, and names defined by a cluster's scheduler. */
export const TEXT: FieldKind = {
  types: /^(?:string|password|editor|color-picker|slurm-(?:accounts|partitions|qos))$/,
  read: (attributes, entry) => ({
    allowed: "text",
    allows: (value) => typeof value === "string",
    hintFor: (value) => typeof value === "number" || typeof value === "boolean" ? "put it in quotes" : undefined,
    textType: "text",
    implied: "",
    secrecy: attributes.type === "password" ? "always" : "by name",
    sample: "",
    prompt: {
      type: "text",
      isMultiline: attributes.type === "editor" || (attributes.type === "string" && entry.get("textarea") === true),
      format: "text",
    },
    schema: ({ refusesEmpty }) => ({ type: "string", ...(refusesEmpty ? { minLength: 1 } : {}) }),
  }),
};
