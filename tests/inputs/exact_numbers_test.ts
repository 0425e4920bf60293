import assert from "node:assert/strict";
import { InvalidInputs } from "../../lib/errors.ts";
import { isExact, type Json } from "../../lib/json.ts";
import { readLayers } from "../../lib/inputs/layers.ts";
import { mergeLayers } from "../../lib/inputs/merge.ts";
import * as fc from "../deps/fast_check.ts";

for (
  const text of [
    "0",
    "-0",
    "1.10",
    "1e3",
    "0.1",
    "9007199254740992",
    "1e308",
    "-2.50e-7",
    "0x10",
    "100000000000000000000",
  ]
) {
  Deno.test(`${text} is exact`, () => assert.ok(isExact(text)));
}

for (
  const text of [
    "9007199254740993",
    "1e400",
    "-1e400",
    "0.1000000000000000055511151231257827",
    "123456789.123456789123",
    "",
    " ",
    "x",
  ]
) {
  Deno.test(`"${text}" is not an exact number`, () => assert.ok(!isExact(text)));
}

/** Reads a text as the only source of inputs. */
async function read(argument: string, text: string): Promise<Json> {
  const layers = await readLayers([argument], {
    readTextFile: () => Promise.resolve(text),
    readStdin: () => Promise.resolve(text),
    promptSecret: () => Promise.resolve(""),
  });
  return mergeLayers(layers).value;
}

const SOURCES = [
  ["a JSON file", "inputs.json", (number: string) => `{ "a": { "b": [1, ${number}] } }`, "inputs.json:1", "a.b[1]"],
  [
    "a JSON file with comments",
    "inputs.json",
    (number: string) => `{ // note\n "n": ${number}, }`,
    "inputs.json:2",
    "n",
  ],
  ["a YAML file", "inputs.yaml", (number: string) => `a: 1\nb:\n  - n: ${number}\n`, "inputs.yaml:3", "b[0].n"],
  ["stdin", "-", (number: string) => `{"n": ${number}}`, "stdin:1", "n"],
] as const;

for (const [what, argument, textOf, origin, path] of SOURCES) {
  for (const number of ["9007199254740993", "1e400", "0.1234567890123456789"]) {
    Deno.test(`${number} in ${what} is refused with its place`, async () => {
      await assert.rejects(read(argument, textOf(number)), (error) => {
        assert.ok(error instanceof InvalidInputs);
        assert.deepEqual(error.problems.map((problem) => [problem.origin, problem.path]), [[origin, path]]);
        assert.match(error.problems[0]?.message ?? "", /put it in quotes/);
        return true;
      });
    });
  }
}

Deno.test("n:=9007199254740993 is refused, n=9007199254740993 stays text", async () => {
  await assert.rejects(read("n:=9007199254740993", ""), InvalidInputs);
  assert.deepEqual(await read("n=9007199254740993", ""), { n: "9007199254740993" });
});

Deno.test("of many such numbers ten are listed, and the others counted", async () => {
  const numbers = Array<string>(30).fill("9007199254740993").join();
  await assert.rejects(read("inputs.json", `{ "n": [${numbers}] }`), (error) => {
    assert.ok(error instanceof InvalidInputs);
    assert.equal(error.problems.length, 11);
    assert.match(error.problems.at(-1)?.message ?? "", /20 more/);
    return true;
  });
});

const decimals = fc.tuple(
  fc.constantFrom("", "-"),
  fc.oneof(fc.integer({ min: 0, max: 999 }), fc.integer({ min: 9007199254740000, max: 9007199254749999 })),
  fc.option(fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 20 })),
  fc.option(fc.integer({ min: -320, max: 320 })),
);

Deno.test("a number of a JSON or YAML text is either sent exactly or refused", async () => {
  await fc.assert(
    fc.asyncProperty(decimals, async ([sign, whole, fraction, exponent]) => {
      const digits = fraction === null ? "" : `.${fraction.join("")}`;
      const text = `${sign}${whole}${digits}${exponent === null ? "" : `e${exponent}`}`;
      for (const [argument, source] of [["x.json", `{"n": ${text}}`], ["x.yaml", `n: ${text}`]] as const) {
        try {
          const value = await read(argument, source);
          const sent = /:(.*)\}/.exec(JSON.stringify(value))?.[1] ?? "";
          assert.ok(isExact(text) && Number(sent) === Number(text), `${text} was sent as ${sent}`);
        } catch (error) {
          if (!(error instanceof InvalidInputs)) throw error;
          assert.ok(!isExact(text), `${text} was refused`);
        }
      }
    }),
    { seed: 1, numRuns: 500 },
  );
});
