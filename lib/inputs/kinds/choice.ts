import { didYouMean } from "../../did_you_mean.ts";
import { isObject, type Json, type JsonObject } from "../../json.ts";
import { parseExpression } from "../expression.ts";
import type { ChoiceOption, FieldAttributes, ValueField } from "../form.ts";
import { completeField, type FieldEntry, type FieldKind, type OwnField } from "./kind.ts";

/** `dropdown` and `multi-dropdown`. With `option-key`, the options are a map by the value of another input. */
export const CHOICE: FieldKind = {
  types: /^(?:multi-)?dropdown$/,
  read(attributes, entry) {
    const declared = entry.get("options");
    const key = entry.text("option-key");
    if (key === null || !isObject(declared)) return choice(attributes, optionsIn(declared, entry));
    const byKey = new Map(Object.entries(declared).map(([name, options]) => [name, optionsIn(options, entry)]));
    const all = [...byKey.values()].flatMap((options) => options ?? []);
    const unique = [...new Map(all.map((option) => [option.value, option])).values()];
    return {
      ...choice(attributes, [...byKey.values()].includes(null) ? null : unique),
      variants: {
        key: parseExpression(key),
        fieldFor(value) {
          const options = byKey.get(String(value));
          return options === undefined ? undefined : completeField(attributes, choice(attributes, options));
        },
      },
    };
  },
};

/** @param options Never empty; `null` if the form does not list them. */
function choice({ type }: FieldAttributes, options: readonly ChoiceOption[] | null): OwnField {
  const isMultiple = type === "multi-dropdown";
  const isOption = (value: Json) =>
    options === null ? typeof value !== "object" : options.some((option) => option.value === value);
  const allowed = describe(options);
  return {
    allowed: isMultiple ? `a list of ${options === null ? "the options" : `any of ${allowed}`}` : `one of ${allowed}`,
    allows: (value) => isMultiple ? Array.isArray(value) && value.every(isOption) : isOption(value),
    hintFor: (value) => options === null ? undefined : hintFor(isMultiple, options, value),
    textType: isMultiple ? "other" : textTypeOf(options),
    implied: isMultiple ? [] : "",
    hasEmptyOption: !isMultiple && options?.some((option) => option.value === "") === true,
    sample: isMultiple ? [] : options?.[0]?.value ?? null,
    prompt: options === null
      ? { type: "text", isMultiline: false, format: isMultiple ? "json" : "text" }
      : { type: "choice", isMultiple, options },
    schema({ refusesEmpty }) {
      const option: JsonObject = options === null
        ? { type: ["string", "number", "boolean"] }
        : { enum: options.map(({ value }) => value) };
      if (isMultiple) return { type: "array", items: option };
      return refusesEmpty && options === null ? { minLength: 1, ...option } : option;
    },
  };
}

function optionsIn(declared: Json | undefined, entry: FieldEntry): readonly ChoiceOption[] | null {
  const options = Array.isArray(declared) ? declared.map(optionOf) : [];
  const valid = options.filter((option) => option !== undefined);
  if (valid.length > 0 && valid.length === options.length) return valid;
  entry.note("options: the form does not list them, so any value is accepted");
  return null;
}

function optionOf(declared: Json): ChoiceOption | undefined {
  const value = isObject(declared) ? declared["value"] : declared;
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") return undefined;
  const label = isObject(declared) ? declared["label"] : undefined;
  return { label: typeof label === "string" ? label : String(value), value };
}

function textTypeOf(options: readonly ChoiceOption[] | null): ValueField["textType"] {
  const types = new Set(options?.map(({ value }) => typeof value));
  if (types.size !== 1) return "other";
  return types.has("string") ? "text" : types.has("number") ? "number" : "boolean";
}

const MAX_OPTIONS = 8;

function describe(options: readonly ChoiceOption[] | null): string {
  if (options === null) return "the options";
  const shown = options.slice(0, MAX_OPTIONS).map(({ value }) => JSON.stringify(value)).join(", ");
  return options.length > MAX_OPTIONS ? `${shown}, … (${options.length} in all)` : shown;
}

function hintFor(isMultiple: boolean, options: readonly ChoiceOption[], value: Json): string | undefined {
  if (isMultiple) {
    const valueOf = (text: string) => options.find((option) => String(option.value) === text)?.value;
    const text = String(value);
    const chosen = valueOf(text) === undefined ? text.split(",").map((part) => valueOf(part.trim())) : [valueOf(text)];
    return chosen.includes(undefined) ? undefined : `give ${JSON.stringify(chosen)}`;
  }
  const sameText = options.find((option) => String(option.value) === String(value) || option.label === value);
  if (sameText !== undefined) return `give ${JSON.stringify(sameText.value)}`;
  if (typeof value !== "string") return undefined;
  return didYouMean(value, options.map((option) => String(option.value)))?.replace(/^D/, "d");
}
