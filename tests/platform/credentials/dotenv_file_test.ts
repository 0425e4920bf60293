import assert from "node:assert/strict";
import { parse } from "../../deps/dotenv.ts";
import { array, assert as hold, constantFrom, property, string, tuple } from "../../deps/fast_check.ts";
import { readDotenv } from "../../../lib/platform/credentials/dotenv_file.ts";

const TEXT = `
# a comment
export PW_API_KEY="pwt_file.key"
PW_TIMEOUT=90s
PW_LOG_LEVEL=DEBUG
PW_PLATFORM_HOST=evil.example
PW_CONTEXT=evil
HTTPS_PROXY=http://evil.example
`;

Deno.test(".env may set the API key, which is kept apart from the settings", () => {
  const { apiKey, settings } = readDotenv(TEXT);
  assert.equal(apiKey, "pwt_file.key");
  assert.deepEqual([...settings], [["PW_TIMEOUT", "90s"], ["PW_LOG_LEVEL", "DEBUG"]]);
});

for (const name of ["PW_PLATFORM_HOST", "PW_CONTEXT", "HTTPS_PROXY", "toString"]) {
  Deno.test(`.env cannot set ${name}`, () => {
    assert.equal(readDotenv(TEXT).settings.get(name), undefined);
  });
}

Deno.test("variables that have no effect in .env are listed", () => {
  const { read, ignored } = readDotenv("PW_API_KEY=a\nPW_CONTEXT=work\nPW_PLATFORM_HOST=b\nOTHER=c\n");
  assert.deepEqual({ read, ignored }, { read: ["PW_API_KEY"], ignored: ["PW_CONTEXT", "PW_PLATFORM_HOST"] });
});

const LINES: readonly (readonly [line: string, key: string | undefined])[] = [
  ["PW_API_KEY=k", "k"],
  ["  export PW_API_KEY = k ", "k"],
  ["PW_API_KEY: k", "k"],
  ["\ufeffPW_API_KEY=k", "k"],
  ["A=1\r\nPW_API_KEY=k\r\n", "k"],
  ["PW_API_KEY=a\nPW_API_KEY=k", "k"],
  ["PW_API_KEY='k #1'", "k #1"],
  ['PW_API_KEY="k\\n#1" # note', "k\n#1"],
  ["PW_API_KEY=`k\"'` ", "k\"'"],
  ["PW_API_KEY=k # note", "k"],
  ["PW_API_KEY=k#note", "k"],
  ["PW_API_KEY=k=$HOME==", "k=$HOME=="],
  ['PW_API_KEY="k', '"k'],
  ['PW_API_KEY="two\nlines"', "two\nlines"],
  ["PW_API_KEY=", ""],
  ["PW_API_KEY", undefined],
  ["# PW_API_KEY=k", undefined],
];

for (const [line, key] of LINES) {
  Deno.test(`${JSON.stringify(line)} sets what it sets with dotenv`, () => {
    assert.equal(readDotenv(line).apiKey, key);
    assert.equal(parse(line).PW_API_KEY, key);
  });
}

const SEED = Number(Deno.env.get("TEST_SEED") ?? 20_261_126);

Deno.test("any file of assignments sets what it sets with dotenv", () => {
  const value = string({ unit: constantFrom(...`ab"'\`\\n#= :$\r\n`), maxLength: 12 });
  const line = tuple(
    constantFrom("", "export ", "  ", "# "),
    constantFrom("PW_API_KEY", "A.b-c", "B"),
    constantFrom("=", " = ", ": ", ":"),
    constantFrom("", '"', "'", "`"),
    value,
    constantFrom("", '"', "'", "`"),
    constantFrom("", " # note", " "),
  ).map((parts) => parts.join(""));
  const checked = property(array(line, { maxLength: 4 }), (lines) => {
    const text = lines.join("\n");
    assert.equal(readDotenv(text).apiKey, parse(text).PW_API_KEY, JSON.stringify(text));
  });
  hold(checked, { numRuns: 20_000, seed: SEED });
});
