import assert from "node:assert/strict";
import { duration, integer, nonEmptyString, oneOf, readArgv } from "../../lib/cli/argv.ts";
import { UsageError } from "../../lib/errors.ts";

const color = oneOf("red", "green");
const count = integer({ min: 1, max: 9 });
const ARGS = {
  workflow: { type: "argument" },
  input: { type: "option", parse: nonEmptyString, short: "i", multiple: true },
  timeOut: { type: "option", parse: duration },
  color: { type: "option", parse: color },
  count: { type: "option", parse: count },
  json: { type: "flag" },
} as const;

for (
  const [argv, want] of [
    [["a"], { workflow: "a" }],
    [["a", "--json"], { workflow: "a", json: true }],
    [["--json", "a", "-i", "x", "--input", "y"], { workflow: "a", json: true, input: ["x", "y"] }],
    [["a", "-i", "-"], { workflow: "a", input: ["-"] }],
    [["a", "-ix=1", "-i=y"], { workflow: "a", input: ["x=1", "y"] }],
    [["a", '--input={"a": 1}'], { workflow: "a", input: ['{"a": 1}'] }],
    [["a", "--time-out", "90s", "--color", "red", "--count=3"], {
      workflow: "a",
      timeOut: 90_000,
      color: "red",
      count: 3,
    }],
    [["--", "--odd"], { workflow: "--odd" }],
  ] as const
) {
  Deno.test(`readArgv() parses ${argv.join(" ")}`, () => {
    const values: Readonly<Record<string, unknown>> = readArgv("run", ARGS, argv);
    for (const [name, value] of Object.entries(want)) assert.deepEqual(values[name], value, name);
  });
}

for (
  const [argv, message] of [
    [[], /^run: missing argument WORKFLOW$/],
    [["a", "b"], /^run: unexpected argument "b"$/],
    [["a", "b", "c"], /^run: unexpected argument "b"; unexpected argument "c"$/],
    [["a", "--jsno"], /^Unknown option --jsno$/],
    [["a", "--json=no"], /--json takes no value/],
    [["a", "--color", "blue"], /must be red or green: got "blue"/],
    [["a", "--count", "10"], /from 1 to 9/],
    [["a", "--time-out", "soon"], /--time-out/],
    [["a", "--input", ""], /--input: needs a value/],
    [["a", "--jsno", "--count", "x"], /^Unknown option --jsno; --count/],
  ] as const
) {
  Deno.test(`readArgv() refuses ${argv.join(" ") || "no arguments"}`, () => {
    assert.throws(() => readArgv("run", ARGS, argv), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, message);
      return true;
    });
  });
}
