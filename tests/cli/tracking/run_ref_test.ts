import assert from "node:assert/strict";
import { parseManyRuns, parseOneRun } from "../../../lib/cli/tracking/run_ref.ts";
import { UsageError } from "../../../lib/errors.ts";

const number = (workflow: string, number: number) => ({ type: "number", workflow, number });

for (
  const [words, want] of [
    [["nice-goose"], { type: "word", word: "nice-goose" }],
    [["last"], { type: "last" }],
    [["hello-world#47"], number("hello-world", 47)],
    [["hello-world:47"], number("hello-world", 47)],
    [["hello-world", "47"], number("hello-world", 47)],
    [["hello-world", "#47"], number("hello-world", 47)],
  ] as const
) {
  Deno.test(`parseOneRun(${JSON.stringify(words)})`, () => assert.deepEqual(parseOneRun(words), want));
}

for (const words of [[], ["47"], ["a", "b"], ["a", "1", "2"], [""]]) {
  Deno.test(`parseOneRun(${JSON.stringify(words)}) is refused`, () => {
    assert.throws(() => parseOneRun(words), UsageError);
  });
}

Deno.test("parseManyRuns() takes several, and hints at a bare number's workflow", () => {
  assert.deepEqual(parseManyRuns(["a#1", "b"]), [number("a", 1), { type: "word", word: "b" }]);
  assert.throws(
    () => parseManyRuns(["hello-world", "47"]),
    (error) => error instanceof UsageError && error.hint?.includes("hello-world#47") === true,
  );
  assert.throws(() => parseManyRuns([]), UsageError);
});
