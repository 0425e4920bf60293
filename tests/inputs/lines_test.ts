import assert from "node:assert/strict";
import { LineCounter, parseDocument } from "../../lib/deps/yaml.ts";
import { lineAt, linesOfJson, linesOfYaml } from "../../lib/inputs/lines.ts";

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
  Deno.test(`the value at ${JSON.stringify(path)} is on line ${want}`, async () => {
    assert.equal(lineAt(await linesOfJson(JSON_TEXT), path), want);
  });
}

Deno.test("comments count as lines", async () => {
  const lines = await linesOfJson('// one\n{ /* two\n three */ "a": 1, // "x": 2\n"b": [1,\n2,],\n}');
  assert.equal(lineAt(lines, ["a"]), 3);
  assert.equal(lineAt(lines, ["b", 1]), 5);
});

Deno.test("a value of YAML is on the line where it starts", async () => {
  const counter = new LineCounter();
  const { contents } = parseDocument("# one\na:\n  b: 1\n  c: [x,\n    y]\nd: |\n  text\ne: &f 1\ng: *f\n", {
    lineCounter: counter,
  });
  const lines = await linesOfYaml(contents, counter);
  const found = [["a", "b"], ["a", "c", 1], ["d"], ["g"]].map((path) => lineAt(lines, path));
  assert.deepEqual(found, [3, 5, 6, 9]);
});
