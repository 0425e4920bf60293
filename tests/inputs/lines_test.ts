import assert from "node:assert/strict";
import { type Lines, linesAt } from "../../lib/inputs/lines.ts";
import { formatPath, type InputPath } from "../../lib/json.ts";
import { scanJson } from "../../lib/inputs/scan_json.ts";
import { readYaml } from "../../lib/inputs/yaml_document.ts";
import * as fc from "../deps/fast_check.ts";
import { visit } from "../deps/jsonc.ts";

const JSON_TEXT = '{\n  "a": 1,\n  "b\\n{": [\n    "x,\\"]", {"c": null},\n    [\n    ]\n  ], "d":\n  true\n}';

for (
  const [path, want] of [
    [[], 1],
    [["a"], 2],
    [["b\n{"], 3],
    [["b\n{", 0], 4],
    [["b\n{", 1, "c"], 4],
    [["b\n{", 2], 5],
    [["d"], 8],
    [["nowhere"], undefined],
    [["a", "deeper"], undefined],
  ] as const
) {
  Deno.test(`the value at ${JSON.stringify(path)} is on line ${want}`, () => {
    assert.equal(lineAt(scanJson(JSON_TEXT).lines, path), want);
  });
}

Deno.test("comments count as lines", () => {
  const { lines } = scanJson('// one\n{ /* two\n three */ "a": 1, // "x": 2\n"b": [1,\n2,],\n}');
  assert.equal(lineAt(lines, ["a"]), 3);
  assert.equal(lineAt(lines, ["b", 1]), 5);
});

Deno.test("a value of YAML is on the line where it starts", () => {
  const document = readYaml("# one\na:\n  b: 1\n  c: [x,\n    y]\nd: |\n  text\ne: &f 1\ng: *f\n", "file");
  assert.ok("lines" in document);
  const found = [["a", "b"], ["a", "c", 1], ["d"], ["g"]].map((path) => lineAt(document.lines, path));
  assert.deepEqual(found, [3, 5, 6, 9]);
});

/** What may be between two tokens of JSON with comments. */
const gap = fc.array(
  fc.constantFrom(" ", "\t", "\n", "\r", "\r\n", '// "a": [1,\n', "//\r", "/**/", '/* { "\n\r\n*/'),
  { maxLength: 3 },
).map((parts) => parts.join(""));

Deno.test("the lines of a JSON text are those that a parser of positions finds", () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue()),
      fc.array(gap, { minLength: 1 }),
      (value, gaps) => {
        const tokens = JSON.stringify(value).match(/"(?:[^"\\]|\\.)*"|[^\s,:[\]{}"]+|[,:[\]{}]/g) ?? [];
        const text = tokens.map((token, index) => token + gaps[index % gaps.length]).join("");
        const { lines, problems } = scanJson(text);
        const found: [string, number | undefined][] = [];
        const wanted: [string, number | undefined][] = [];
        const compare = (line: number, path: InputPath) => {
          wanted.push([formatPath(path), line + 1]);
          found.push([formatPath(path), lineAt(lines, path)]);
        };
        visit(text, {
          onObjectBegin: (_offset, _length, line, _column, pathOf) => void compare(line, pathOf()),
          onArrayBegin: (_offset, _length, line, _column, pathOf) => void compare(line, pathOf()),
          onLiteralValue: (_value, _offset, _length, line, _column, pathOf) => compare(line, pathOf()),
        });
        assert.deepEqual(found, wanted);
        assert.deepEqual(problems, []);
      },
    ),
    { seed: 1, numRuns: 300 },
  );
});

function lineAt(lines: Lines, path: InputPath): number | undefined {
  const found = linesAt(lines, path);
  return typeof found === "number" ? found : found?.line;
}
