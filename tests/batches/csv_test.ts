import assert from "node:assert/strict";
import { parseCsv } from "../../lib/batches/csv_rows.ts";

for (
  const [name, text, want] of [
    ["plain", "a,b\n1,2\n", [["a", "b"], ["1", "2"]]],
    ["no newline at the end", "a,b\n1,2", [["a", "b"], ["1", "2"]]],
    ["a byte order mark", "\uFEFFa,b\n1,2\n", [["a", "b"], ["1", "2"]]],
    ["a byte order mark before quotes", '\uFEFF"a ","b"\n1,2\n', [["a ", "b"], ["1", "2"]]],
    ["CRLF", "a,b\r\n1,2\r\n", [["a", "b"], ["1", "2"]]],
    ["CR", "a,b\r1,2\r", [["a", "b"], ["1", "2"]]],
    ["semicolons", "a;b\n1,5;2\n", [["a", "b"], ["1,5", "2"]]],
    ["tabs", "a\tb\n1\t\n", [["a", "b"], ["1", ""]]],
    ["the separator of a spreadsheet", "sep=;\r\na\r\n1;2\r\n", [["a"], ["1", "2"]]],
    ["separators in quotes do not count", '"a;b;c",d\n"1,2",3\n', [["a;b;c", "d"], ["1,2", "3"]]],
    ["quotes", 'a,b\n"say ""x""","1\r\n2"\n', [["a", "b"], ['say "x"', "1\r\n2"]]],
    ["spaces around cells", 'a , b\n 1, " 2 " \n', [["a", "b"], ["1", " 2 "]]],
    ["an empty cell in quotes alone, but no blank line", 'a\n""\n\n ""\nx\n""', [["a"], [""], [""], ["x"], [""]]],
    ["empty cells", 'a,b\n,\n"",x\n', [["a", "b"], ["", ""], ["", "x"]]],
    ["blank lines", "a\n\n1\n\r\n2\n\n", [["a"], ["1"], ["2"]]],
    ["a quote inside a cell", 'a\n5" pipe\n', [["a"], ['5" pipe']]],
    ["nothing", "", []],
  ] as const
) {
  Deno.test(`parseCsv() reads ${name}`, () => {
    const { records, problems } = parseCsv(text, "x.csv");
    assert.deepEqual(problems, []);
    assert.deepEqual(records.map(({ cells }) => cells), want);
  });
}

Deno.test("parseCsv() counts the lines inside of quotes", () => {
  const { records } = parseCsv('a\r\n"1\r\n2"\r\n\r\n3\n', "x.csv");
  assert.deepEqual(records.map(({ line }) => line), [1, 2, 5]);
});

for (
  const [text, want] of [
    ['a,b\n1,"2\n3,4\n', ["x.csv:2 has a quote that is never closed"]],
    ['a,b\n"1"x,2\n3,"4"y\n', [
      'x.csv:2 has text beside a quoted cell: write quotes inside of quotes twice, like "a ""b"" c"',
      'x.csv:3 has text beside a quoted cell: write quotes inside of quotes twice, like "a ""b"" c"',
    ]],
  ] as const
) {
  Deno.test(`parseCsv() refuses ${JSON.stringify(text)}`, () => {
    assert.deepEqual(parseCsv(text, "x.csv").problems.map(({ origin, message }) => `${origin} ${message}`), want);
  });
}

Deno.test("parseCsv() reads a cell of several MiB", () => {
  const cell = 'x""y\n'.repeat(500_000);
  const { records, problems } = parseCsv(`a\n"${cell}"\n`, "x.csv");
  assert.deepEqual(problems, []);
  assert.equal(records[1]?.cells[0]?.length, 4 * 500_000);
});
