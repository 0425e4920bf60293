import assert from "node:assert/strict";
import { parseManyRuns, parseOneRun } from "../../../lib/cli/tracking/run_ref.ts";
import { UsageError } from "../../../lib/errors.ts";

const number = (workflow: string, number: number) => ({ type: "number", workflow, number });

for (
  const [args, want] of [
    [["nice-goose"], { type: "slug", slug: "nice-goose" }],
    [["last"], { type: "last" }],
    [["hello-world#47"], number("hello-world", 47)],
    [["hello-world:47"], number("hello-world", 47)],
    [["hello-world", "47"], number("hello-world", 47)],
    [["hello-world", "#47"], number("hello-world", 47)],
  ] as const
) {
  Deno.test(`parseOneRun(${JSON.stringify(args)})`, () => assert.deepEqual(parseOneRun(args), want));
}

for (const args of [[], ["47"], ["a", "b"], ["a", "1", "2"], [""]]) {
  Deno.test(`parseOneRun(${JSON.stringify(args)}) is refused`, () => {
    assert.throws(() => parseOneRun(args), UsageError);
  });
}

Deno.test("parseManyRuns() takes several runs, and its hint completes a bare number", () => {
  assert.deepEqual(parseManyRuns(["a#1", "b"]), [number("a", 1), { type: "slug", slug: "b" }]);
  assert.throws(
    () => parseManyRuns(["hello-world", "47"]),
    (error) => error instanceof UsageError && error.hint?.includes("hello-world#47") === true,
  );
});

Deno.test("spaces around a reference, as copying leaves them, are ignored", () => {
  assert.deepEqual(parseOneRun([" quick-1 "]), { type: "slug", slug: "quick-1" });
  assert.deepEqual(parseOneRun(["last\n"]), { type: "last" });
  assert.throws(() => parseOneRun(["  "]), UsageError);
});
