import type { FieldKind } from "./kind.ts";

/** `number` and `integer`. `step` is for the slider only: other values are valid, too. */
export const NUMBER: FieldKind = {
  types: /^(?:number|integer)$/,
  read(attributes, entry) {
    const isWhole = attributes.type === "integer";
    const min = entry.number("min");
    const max = entry.number("max");
    const isInRange = (value: number) => (min === null || value >= min) && (max === null || value <= max);
    return {
      allowed: `a ${isWhole ? "whole " : ""}number${rangeOf(min, max)}`,
      allows: (value) => typeof value === "number" && isInRange(value) && (!isWhole || Number.isInteger(value)),
      textType: "number",
      prompt: { type: "text", isMultiline: false, format: "number" },
      schema: () => ({
        type: isWhole ? "integer" : "number",
        ...(min === null ? {} : { minimum: min }),
        ...(max === null ? {} : { maximum: max }),
      }),
    };
  },
};

function rangeOf(min: number | null, max: number | null): string {
  if (min !== null && max !== null) return ` from ${min} to ${max}`;
  if (min !== null) return ` of at least ${min}`;
  return max === null ? "" : ` of at most ${max}`;
}
