import { counted } from "../../text.ts";
import { fieldSchema, isAlwaysShown } from "../schema.ts";
import { type FieldKind, JSON_PROMPT } from "./kind.ts";

export const LIST: FieldKind = {
  types: /^list$/,
  read(attributes, entry) {
    const item = entry.field("template");
    const min = entry.number("min");
    const max = entry.number("max");
    return {
      kind: "list",
      item,
      min,
      max,
      allowed: `a list of ${
        item.kind === "group" ? amountOf("row", min, max) : `${amountOf("item", min, max)}, each ${item.allowed}`
      }`,
      allows: Array.isArray,
      textType: "other",
      implied: [],
      sample: [],
      prompt: JSON_PROMPT,
      schema: (context) => ({
        type: "array",
        ...(min === null ? {} : { minItems: min }),
        ...(max === null ? {} : { maxItems: max }),
        items: fieldSchema("", item, {
          isInRow: true,
          isShown: context.isShown && isAlwaysShown(attributes),
          refusesEmpty: false,
        }),
      }),
    };
  },
};

function amountOf(noun: string, min: number | null, max: number | null): string {
  if (min !== null && max !== null) return min === max ? counted(min, noun) : `${min} to ${counted(max, noun)}`;
  if (min !== null) return `at least ${counted(min, noun)}`;
  return max === null ? `${noun}s` : `at most ${counted(max, noun)}`;
}
