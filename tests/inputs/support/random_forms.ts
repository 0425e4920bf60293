/** Random forms, as in workflow files, and random inputs that are mostly valid. */

import {
  type Arbitrary,
  array,
  boolean,
  constant,
  constantFrom,
  double,
  integer,
  oneof,
  option,
  record,
  string,
  uniqueArray,
} from "../../deps/fast_check.ts";
import { isObject, type Json, type JsonObject } from "../../../lib/json.ts";

const NAMES = ["alpha", "beta_two", "gamma-3", "delta", "epsilon", "0"];
const NUMBER = double({ min: -1e6, max: 1e6, noNaN: true }).map((number) => number === 0 ? 0 : number);
const JUNK: Arbitrary<Json> = constantFrom<Json[]>("", "text", null, true, false, 0, 7, -1.5, [], ["x"], {}, { x: 1 });

/** The members of `on.execute.inputs`. */
export function randomFields(depth: number): Arbitrary<JsonObject> {
  return uniqueArray(constantFrom(...NAMES), { maxLength: 4 }).chain((names) =>
    record(Object.fromEntries(names.map((name) => [name, randomEntry(depth)])))
  );
}

function randomEntry(depth: number): Arbitrary<Json> {
  const attributes = record({
    label: constant("A label"),
    optional: boolean(),
    hidden: mostly(false),
    disabled: mostly(false),
    ignore: mostly(false),
  }, { requiredKeys: [] });
  const simple: Arbitrary<JsonObject>[] = [
    record({ type: constantFrom("string", "password", "editor", "color-picker"), default: string() }, {
      requiredKeys: ["type"],
    }),
    record({
      type: constantFrom("number", "integer"),
      default: integer({ min: -5, max: 5 }),
      min: integer({ min: -10, max: 0 }),
      max: integer({ min: 0, max: 10 }),
    }, { requiredKeys: ["type"] }),
    record({ type: constant("boolean"), default: boolean() }, { requiredKeys: ["type"] }),
    randomOptions().map((options): JsonObject => ({ type: "dropdown", options })),
    randomOptions().map((options): JsonObject => ({ type: "multi-dropdown", options })),
    constant({ type: "header", text: "Text" }),
  ];
  const nested: Arbitrary<JsonObject>[] = depth === 0 ? [] : [
    randomFields(depth - 1).map((items): JsonObject => ({ type: "group", items })),
    randomFields(depth - 1).map((template): JsonObject => ({ type: "list", template })),
  ];
  return oneof(...simple, ...nested).chain((entry) =>
    attributes.map((attributes): Json => ({ ...attributes, ...entry }) satisfies JsonObject)
  );
}

function mostly(value: boolean): Arbitrary<boolean> {
  return oneof({ weight: 5, arbitrary: constant(value) }, { weight: 1, arbitrary: constant(!value) });
}

function randomOptions(): Arbitrary<Json[]> {
  const values = constantFrom<Json[]>("", "fast", "exact", 1, 2, true);
  return uniqueArray(values, { minLength: 1, maxLength: 4 }).map((chosen) =>
    chosen.map((value): Json => typeof value === "string" ? { label: "An option", value } : value)
  );
}

/** Inputs for a form: mostly of the right type, with gaps and an occasional unknown key. */
export function randomInputs(fields: JsonObject): Arbitrary<JsonObject> {
  const members = Object.fromEntries(
    Object.entries(fields).map(([name, entry]) => [
      name,
      option(randomValue(isObject(entry) ? entry : {}), { nil: undefined, freq: 6 }),
    ]),
  );
  return record({ ...members, zzzzzzzz: option(JUNK, { nil: undefined, freq: 1 }) }).map((values) =>
    Object.fromEntries(Object.entries(values).flatMap(([name, value]) => value === undefined ? [] : [[name, value]]))
  ).chain((values) => oneof({ weight: 9, arbitrary: constant(withoutUnknownKey(values)) }, constant(values)));
}

function withoutUnknownKey({ zzzzzzzz: _, ...values }: JsonObject): JsonObject {
  return values;
}

function randomValue(entry: JsonObject): Arbitrary<Json> {
  return oneof({ weight: 8, arbitrary: validValue(entry) }, { weight: 1, arbitrary: JUNK });
}

function validValue(entry: JsonObject): Arbitrary<Json> {
  switch (entry["type"]) {
    case "number":
      return NUMBER.map((number) => number / 1e5);
    case "integer":
      return integer({ min: -12, max: 12 });
    case "boolean":
      return boolean();
    case "dropdown":
      return constantFrom(...optionValues(entry));
    case "multi-dropdown":
      return array(constantFrom(...optionValues(entry)), { maxLength: 3 });
    case "group":
      return randomInputs(isObject(entry["items"]) ? entry["items"] : {});
    case "list":
      return array(randomInputs(isObject(entry["template"]) ? entry["template"] : {}), { maxLength: 3 });
    default:
      return string();
  }
}

function optionValues(entry: JsonObject): Json[] {
  const options = Array.isArray(entry["options"]) ? entry["options"] : [];
  return options.map((option) => isObject(option) ? option["value"] ?? null : option);
}
