/** Suite files: the examples of tests/fixtures/suites, and what no example can show. */

import assert from "node:assert/strict";
import { renderFailure, reportOf } from "../../lib/cli/failure_report.ts";
import { readBoundedText } from "../../lib/cli/read_text.ts";
import { styleFor } from "../../lib/cli/terminal/style.ts";
import { InvalidInputs } from "../../lib/errors.ts";
import type { Problem } from "../../lib/problem.ts";
import { readSuites } from "../../lib/suites/read_suite.ts";
import { Ajv2020 } from "../deps/ajv.ts";
import { parse } from "../../lib/deps/yaml.ts";

const FIXTURES = new URL("../fixtures/suites/", import.meta.url);
const NOW_MS = Date.parse("2026-11-26T12:00:00Z");
const isSuite = new Ajv2020({ allErrors: true, strict: false }).compile(
  JSON.parse(await Deno.readTextFile(new URL("../../docs/suite.schema.json", import.meta.url))),
);

function suitesIn(folder: string): readonly string[] {
  return [...Deno.readDirSync(new URL(folder, FIXTURES))].map(({ name }) => name)
    .filter((name) => name.includes("_suite.")).sort();
}

async function problemsOf(name: string, readTextFile: (path: string) => Promise<string>): Promise<readonly Problem[]> {
  try {
    await readSuites([name], { readTextFile, nowMs: NOW_MS });
    return [];
  } catch (error) {
    if (!(error instanceof InvalidInputs)) throw error;
    return error.problems;
  }
}

const problemsIn = (text: string) => problemsOf("a.suite.yaml", () => Promise.resolve(text));

Deno.test("an empty suite file is a problem without a line to point at", async () => {
  for (const text of ["", "\n\n", "# cases to come\n"]) {
    const [problem, ...others] = await problemsIn(text);
    assert.deepEqual([problem?.message, others], ["must be a mapping: got nothing", []]);
    if (text.trim() === "") assert.equal(problem?.excerpt, undefined);
  }
});

for (const name of suitesIn("valid/")) {
  Deno.test(`the example ${name} is a suite, for the reader and for the JSON Schema`, async () => {
    const read = (path: string) => Deno.readTextFile(new URL(`valid/${path}`, FIXTURES));
    assert.deepEqual(await problemsOf(name, read), []);
    assert.ok(isSuite(parse(await read(name))), JSON.stringify(isSuite.errors));
  });
}

for (const name of suitesIn("invalid/")) {
  Deno.test(`the example ${name} has exactly the problems that it lists`, async () => {
    const read = (path: string) => Deno.readTextFile(new URL(`invalid/${path}`, FIXTURES));
    const [, listed = ""] = (await read(name)).split("# Problems:\n");
    const problems = await problemsOf(name, read);
    const lines = problems.map(({ origin, path, message }) =>
      `# ${origin}  ${path}  ${message}\n`.replace(`# ${name}:`, "# ")
    );
    assert.equal(lines.join(""), listed);
    for (const { excerpt, origin } of problems) {
      if (origin.startsWith(name)) {
        assert.ok(excerpt !== undefined && excerpt.line.length >= excerpt.column - 1, origin);
      }
    }
  });
}

for (
  const [suite, name, shown] of [
    ["examples/a.suite.yaml", "../inputs/x.json", "inputs/x.json"],
    ["../a.suite.yaml", "../x.json", "../../x.json"],
    ["/a.suite.yaml", "./../x.json", "/../x.json"],
    ["a.suite.yaml", "./x.json", "x.json"],
  ] as const
) {
  Deno.test(`${name}, named by ${suite}, is shown as ${shown}`, async () => {
    const text = `version: 1\ncases: [{ name: a, workflow: w, inputs: ${name} }]\n`;
    const read = (path: string) => path === suite ? Promise.resolve(text) : Promise.reject(new Deno.errors.NotFound());
    const problems = await problemsOf(suite, read);
    assert.deepEqual(problems.map(({ message }) => message), [`cannot read ${shown}: no such file`]);
  });
}

for (const name of ["unknown_fields", "wrong_values"]) {
  Deno.test(`the JSON Schema refuses the example ${name}, too`, async () => {
    const text = await Deno.readTextFile(new URL(`invalid/${name}_suite.yaml`, FIXTURES));
    assert.ok(!isSuite(parse(text)));
  });
}

for (
  const [what, needs, cycles] of [
    ["a case that needs itself", ["a: a"], ["a → a"]],
    ["a cycle that another case leads to", ["a: c", "b: d", "c: b", "d: c"], ["b → d → c → b"]],
    ["two cycles", ["a: b", "b: a", "c: [d, a]", "d: c"], ["a → b → a", "c → d → c"]],
    ["the same case on two ways", ["a: [b, c]", "b: d", "c: d", "d: []"], []],
    [
      "thousands that follow each other",
      [...Array(10_000).keys()].map((n) => `c${n + 1}: ${n === 0 ? "[]" : `c${n}`}`),
      [],
    ],
  ] as const
) {
  Deno.test(`needs: ${what}`, async () => {
    const cases = needs.map((line) => `  - { name: ${line.replace(": ", ", workflow: quick, needs: ")} }`);
    const problems = await problemsIn(["version: 1", "cases:", ...cases, ""].join("\n"));
    assert.deepEqual(
      problems.map(({ message }) => message.replace("cases cannot need each other: ", "")),
      cycles,
    );
  });
}

Deno.test("the name of a matrix value that sets a secret input may be in a text", async () => {
  const matrix = "{ k: [{ name: a, inputs: { token: { secret: TOKEN } } }] }";
  const text =
    `version: 1\ncases: [{ name: a, workflow: w, inputs: { label: "of \${matrix.k}" }, matrix: ${matrix} }]\n`;
  assert.deepEqual(await problemsIn(text), []);
});

Deno.test("fifteen mistakes are fifteen problems", async () => {
  const read = (path: string) => Deno.readTextFile(new URL(`invalid/${path}`, FIXTURES));
  assert.equal((await problemsOf("fifteen_mistakes_suite.yaml", read)).length, 15);
});

Deno.test("more than three files with problems are counted", async () => {
  const message = async (count: number) => {
    const names = Array.from({ length: count }, (_, index) => `${index}.suite.yaml`);
    const sources = { readTextFile: () => Promise.resolve("version: 1\n"), nowMs: NOW_MS };
    return String(await readSuites(names, sources).catch((error: unknown) => error));
  };
  assert.match(await message(3), /Cannot run 0\.suite\.yaml, 1\.suite\.yaml, 2\.suite\.yaml: 3 problems/);
  assert.match(await message(4), /Cannot run 4 files: 4 problems/);
});

Deno.test("a problem is shown with its line and a caret below the value", async () => {
  const text = "version: 1\ncases:\n  - { name: a, workflow: quick, timeout: 5 }\n";
  const error = await readSuites(["a.suite.yaml"], { readTextFile: () => Promise.resolve(text), nowMs: NOW_MS })
    .catch((error: unknown) => error);
  const lines = (await renderFailure(reportOf(error), styleFor(false))).split("\n");
  assert.deepEqual(lines.slice(0, 4), [
    "✗ Cannot run a.suite.yaml: 1 problem, nothing was submitted",
    "  a.suite.yaml:3:42  cases[0].timeout  must be a duration like 90s, 30m or 1h30m: got 5",
    "        - { name: a, workflow: quick, timeout: 5 }",
    "                                               ^",
  ]);
});

Deno.test("a secret that was written into a suite is not repeated by its problems", async () => {
  const text =
    "version: 1\ncases:\n  - { name: a, workflow: q, inputs: { password: hunter22, db: { api_key: 4711471147114711 } } }\n";
  const problems = await problemsIn(text);
  assert.deepEqual(problems.map(({ path }) => path), ["cases[0].inputs.password", "cases[0].inputs.db.api_key"]);
  assert.doesNotMatch(JSON.stringify(problems), /hunter22|4711/);
});

for (
  const key of [
    "pwt_aG9zdC5leGFtcGxl.hunter22",
    "pwut_aG9zdA.hunter22",
    "pwoa_hunter2222",
    "eyJhbGciOi.eyJob3N0.hunter22",
  ]
) {
  Deno.test(`what has the form of an API key (${key}) is not repeated by problems, in any value`, async () => {
    for (const quote of ["", '"']) {
      const value = `${quote}${key}${quote}`;
      const problems = await problemsIn(
        `version: 1\ncases:\n  - { name: a, workflow: q, note: ${value}, retries: ${value} }\n`,
      );
      assert.deepEqual(problems.map(({ path }) => path), ["cases[0].note", "cases[0].retries"]);
      assert.doesNotMatch(JSON.stringify(problems), /hunter22/);
      for (const { excerpt } of problems) assert.match(excerpt?.line ?? "", /note: "?•+"?, retries: "?•+"? }$/);
    }
  });
}

Deno.test("all problems of all files are reported at once", async () => {
  const texts: Record<string, string> = { "a.yaml": "version: 2\ncases: []\n", "b.yaml": "{", "c.yaml": "" };
  const error = await readSuites(["a.yaml", "b.yaml", "c.yaml", "d.yaml"], {
    nowMs: NOW_MS,
    readTextFile: (path) => {
      const text = texts[path];
      return text === undefined ? Promise.reject(new Deno.errors.NotFound(path)) : Promise.resolve(text);
    },
  }).catch((error: unknown) => error);
  assert.ok(error instanceof InvalidInputs);
  const files = error.problems.map(({ origin }) => origin.split(":")[0]);
  assert.deepEqual([...new Set(files)], ["a.yaml", "b.yaml", "c.yaml", "d.yaml"]);
});

Deno.test("the problems of a file that several cases and suites name are there once, and counted once", async () => {
  const text = `version: 1
reference: refs.yaml
cases:
  - { name: a, workflow: quick, inputs: in.yaml, reference: refs.yaml }
  - { name: b, workflow: quick, inputs: in.yaml }
`;
  const texts: Record<string, string> = {
    "in.yaml": "a: 1\na: 2\n",
    "refs.yaml": 'version: 1\nreference: { "*": { duration: { value: x } } }\n',
  };
  const readTextFile = (path: string) => Promise.resolve(texts[path] ?? text);
  const error = await readSuites(["a.yaml", "b.yaml"], { readTextFile, nowMs: NOW_MS }).catch((error) => error);
  assert.equal(error.message, "Cannot run in.yaml, refs.yaml: 2 problems, nothing was submitted");
  assert.equal(error.problems.length, 2);
});

Deno.test("a file in another encoding does not hide the problems of the others", async () => {
  const readTextFile = (path: string) =>
    path === "a.yaml" ? readBoundedText(ReadableStream.from([new Uint8Array([0xe9])]), path) : Promise.resolve("");
  const error = await readSuites(["a.yaml", "b.yaml"], { readTextFile, nowMs: NOW_MS }).catch((error) => error);
  assert.deepEqual(error.problems.map(({ origin, message }: Problem) => `${origin} ${message}`), [
    "a.yaml cannot be read: line 1 is not UTF-8. Save it as UTF-8, or convert it: iconv -f LATIN1 -t UTF-8",
    "b.yaml:1:1 must be a mapping: got nothing",
  ]);
});

Deno.test("two files cannot have the same name of a suite", async () => {
  const text = "version: 1\nname: nightly\ncases: [{ name: a, workflow: quick }]\n";
  const error = await readSuites(["a.yaml", "b.yaml"], { readTextFile: () => Promise.resolve(text), nowMs: NOW_MS })
    .catch((error: unknown) => error);
  assert.ok(error instanceof InvalidInputs);
  assert.deepEqual(error.problems.map(({ origin, path }) => [origin, path]), [["b.yaml:2:7", "name"]]);
});

for (
  const [what, text, line] of [
    ["names of prototypes", "version: 1\ncases:\n  - { name: a, workflow: q, inputs: { __proto__: { x: 1 } } }\n", 3],
    [
      "aliases that multiply",
      `version: 1\na: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [${"*a,".repeat(99)}]\nc: &c [${"*b,".repeat(99)}]\nd: [${
        "*c,".repeat(99)
      }]\ncases: []\n`,
      2,
    ],
    ["an alias of itself", "version: 1\ncases: &a [*a]\n", 2],
    ["Windows line ends", "version: 1\r\ncases:\r\n  - { name: a, workflow: q, tag: [] }\r\n", 3],
  ] as const
) {
  Deno.test(`${what} are a problem in the right line`, async () => {
    const problems = await problemsIn(text);
    assert.ok(problems.some(({ origin }) => origin.startsWith(`a.suite.yaml:${line}:`)), JSON.stringify(problems));
  });
}
