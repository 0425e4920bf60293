import type { Fault } from "../fault.ts";
import { inFile } from "./in_file.ts";

const KINDS = ["tests/inputs/value_check_test.ts", "tests/inputs"];
const SECRETS = ["tests/inputs/secrets_test.ts"];

/** Faults of inputs: a value that is not the user's, a secret that is shown, a problem that is not reported. */
export const INPUTS_FAULTS: readonly Fault[] = [
  ...inFile("lib/inputs/secrets.ts", SECRETS, [
    ["an encryption key is no secret", "|signing|encryption|license)", "|signing|license)"],
    ["a signing key is no secret", "|signing|encryption|license)", "|encryption|license)"],
    ["a license key is no secret", "|signing|encryption|license)", "|signing|encryption)"],
    ["an access key is no secret", "(?:api|access|private", "(?:api|private"],
    [
      "a number is no secret",
      'if (typeof value === "string" || typeof value === "number") return [String(value)];',
      'if (typeof value === "string") return [String(value)];',
    ],
    [
      "a secret in a list is shown",
      "for (const [index, item] of value.entries()) {",
      "for (const [index, item] of [...value.entries()].slice(9)) {",
    ],
    ["a password field is no secret", 'field.secrecy === "always" || (', "("],
    ["the name of a secret does not matter", '|| (field.secrecy === "by name" && isSecretName(name))', ""],
    [
      "what is inside a secret is shown",
      "if (isSecretMember(name, member, field)) {",
      'if (typeof member !== "object" && isSecretMember(name, member, field)) {',
    ],
    [
      "a secret that was prompted for is shown",
      "const found = new Set(secretPaths);",
      "const found = new Set<string>();",
    ],
    [
      "removing a secret moves the rest of a list",
      "return value.map((item, index) => inside(item, index) ?? null);",
      "return value.flatMap((item, index) => inside(item, index) ?? []);",
    ],
  ]),
  ...inFile("lib/redact.ts", ["tests/redact_test.ts"], [
    ["a secret of four characters is shown", "const MIN_SECRET_LENGTH = 4;", "const MIN_SECRET_LENGTH = 5;"],
    ["a secret of seven characters is shown", "const MIN_SECRET_LENGTH = 4;", "const MIN_SECRET_LENGTH = 8;"],
    ["a secret that is escaped in JSON is shown", "    ...escaped,\n", ""],
    ["a line of a secret is shown", "[...secrets, ...lines.filter", "[...secrets, ...[].filter"],
    ["a long secret is shown", "[...long, new RegExp", "[new RegExp"],
  ]),
  ...inFile("lib/inputs/merge.ts", ["tests/inputs/merge_test.ts", "tests/inputs/layers_test.ts"], [
    [
      "defaults of what is sent because of other defaults are not sent",
      "return withDefaults({ ...resolved, value, defaultPaths }, form, { clusters });",
      "return { ...resolved, value, defaultPaths };",
    ],
    ["an object replaces an object", "isObject(lower) ? lower : {}", "{}"],
    ["a layer's own object is changed", "if (copies.has(object)) return object;", "return object;"],
    [
      "a reserved name is merged",
      'if (isReserved(name)) {\n      context.report([...path, name], "is a reserved name");\n      continue;\n    }',
      "",
    ],
    ["a row may be skipped", "if (segment > list.length) {", "if (false) {"],
    [
      "a number is sent as text",
      'isExact(text) ? Number(text) : text;\n    case "boolean"',
      'false ? Number(text) : text;\n    case "boolean"',
    ],
    [
      "text that could be a number becomes one",
      'case "text":\n      return text;',
      'case "text":\n      return Number(text) || text;',
    ],
    [
      "a version number loses its zero",
      "/^-?\\d/.test(text) && String(Number(text)) === text ? Number(text) : text",
      "/^-?\\d/.test(text) ? Number(text) : text",
    ],
    [
      "an inherited member is an input",
      "setIn(valueInside(object, segment) ?? null, ",
      "setIn(object[segment] ?? null, ",
    ],
  ]),
  ...inFile("lib/inputs/sources.ts", ["tests/inputs/merge_test.ts", "tests/inputs/layers_test.ts"], [
    ["the lowest layer comes first", "layers.toReversed().map(", "layers.map("],
  ]),
  ...inFile("lib/inputs/layers.ts", ["tests/inputs/layers_test.ts"], [
    [
      "stdin is read twice",
      'if (isRepeated) throw asProblem({ origin, path: "", message: "stdin can only be read once" });',
      "",
    ],
    ["a prompted value is no secret", "isSecret: true };", "isSecret: false };"],
    ["only the first problem is reported", "problems.push(...error.problems);", "throw error;"],
    ["a bad value is quoted", 'otherwise: "is not JSON: :=', 'otherwise: text + " is not JSON: :='],
  ]),
  ...inFile("lib/inputs/scan_json.ts", ["tests/inputs/document_test.ts", "tests/inputs"], [
    ["a name that is given twice is accepted", "if (container.lines.has(container.place)) report(IS_DUPLICATE);", ""],
  ]),
  ...inFile("lib/inputs/value_check.ts", ["tests/inputs/check_test.ts", "tests/inputs"], [
    ["an invalid secret is quoted", "isSecret ? SECRET_MASK : describeValue(value)", "describeValue(value)"],
    ["a field's own default is refused", "|| (field.default !== undefined && isSame(field.default, value))", ""],
  ]),
  ...inFile("lib/inputs/kinds/kinds.ts", KINDS, [
    ["a number out of range is allowed", "isInRange(value) && ", ""],
    ["a fraction is a whole number", "(!isWhole || Number.isInteger(value))", "true"],
    ["the largest value is refused", "value <= max", "value < max"],
  ]),
  ...inFile("lib/inputs/kinds/choice.ts", KINDS, [
    [
      "any option is allowed",
      "options.some((option) => option.value === value);\n  const allowed",
      "true;\n  const allowed",
    ],
    [
      "options by another input are all allowed",
      "return options === undefined ? undefined : completeField(",
      "return true ? undefined : completeField(",
    ],
  ]),
  ...inFile("lib/inputs/kinds/cluster.ts", KINDS, [
    ["the workspace is always allowed", "(allowsWorkspace || !isWorkspace(value))", "true"],
  ]),
  ...inFile("lib/inputs/merge.ts", ["tests/runs/prepare_form_test.ts"], [
    [
      "the default of an ignored field is sent",
      "if (fieldStateOf(field, context).ignore === false && !isSecret)",
      "if (!isSecret)",
    ],
    [
      "a secret default is sent",
      "=== false && !isSecret",
      "=== false",
    ],
  ]),
  ...inFile("lib/inputs/check.ts", ["tests/inputs/check_test.ts", "tests/inputs"], [
    ["a missing required input is allowed", "if (required === true) {", "if (false) {"],
    [
      "a required input of a hidden group is missing",
      "return isNoneTrue([not(isShown), state.hidden, state.disabled, state.ignore]);",
      "return isShown;",
    ],
    ["rows are not checked", "checkField(item, row, isShown, context);", "void item;"],
    ["a list has as many rows as it likes", "min !== null && rows.length < min", "false"],
    ["an unknown input is not reported", "if (!isExpected) context.names.push(", "if (false) context.names.push("],
    [
      "a typo of a required input is an unknown one",
      "if (similar === undefined || problem === undefined) return false;",
      "return false;",
    ],
  ]),
  ...inFile("lib/inputs/field_state.ts", ["tests/inputs/check_test.ts", "tests/inputs"], [
    [
      "a hidden field is required",
      "isNoneTrue(CONDITIONS.map((name) => state[name]))",
      "isNoneTrue(CONDITIONS.slice(1).map((name) => state[name]))",
    ],
    ["a field with a default is required", "if (hasDefault(field) || !field.isRequirable)", "if (!field.isRequirable)"],
    ["an unknown condition is true", "return truths.includes(undefined) ? undefined : true;", "return true;"],
    ["facts of a cluster are not read", "return rest.length === 0 ? effective", "return rest.length >= 0 ? effective"],
    ["an empty text is a value", 'if (value !== "") return value !== undefined;', "return value !== undefined;"],
  ]),
];
