import assert from "node:assert/strict";
import { type ListedRun, renderRun, renderRuns } from "../../../lib/cli/render/runs.ts";
import { styleFor } from "../../../lib/cli/terminal/style.ts";
import { textWidth } from "../../../lib/cli/terminal/text_width.ts";
import { formatTime } from "../../../lib/cli/terminal/time_text.ts";
import { toRunView } from "../../../lib/runs/view.ts";
import type { Run, RunDetail } from "../../../lib/run.ts";
import { aRun, aRunDetail, aStep } from "../../support/records.ts";

const plain = styleFor(false);
const colored = styleFor(true);
const nowMs = Date.UTC(2026, 0, 5, 9, 1, 5);
const ended = { status: "completed", platformStatus: "completed", completedAt: "2026-01-05T09:00:42.000Z" } as const;
const show = (parts: Partial<RunDetail>, style = plain) =>
  renderRun(toRunView(aRunDetail({ slug: "nice-goose", ...parts })), { style, nowMs, position: null });

const listed = (run: Run): ListedRun => ({ ...toRunView(run), displayName: run.displayName });

Deno.test("renderRun() prints a line per fact, then jobs with their steps, then outputs", () => {
  const view = toRunView(aRunDetail({
    ...ended,
    slug: "nice-goose",
    jobs: [{
      name: "main",
      status: "completed",
      steps: [
        aStep({ name: "prepare", status: "completed", index: 0 }),
        aStep({ name: "compute", status: "error", index: 1 }),
        aStep({ name: "collect", status: "skipped", index: 2 }),
      ],
      outputs: { count: 3 },
    }],
    links: [{ name: "report", url: "http://localhost/report", endpoint: null }, {
      name: "later",
      url: null,
      endpoint: "x",
    }],
  }));
  assert.equal(
    renderRun(view, { style: plain, nowMs, position: null }),
    [
      "Run      hello-world#47  (nice-goose)",
      "Status   completed",
      `Started  ${formatTime(Date.UTC(2026, 0, 5, 9))}`,
      `Ended    ${formatTime(Date.UTC(2026, 0, 5, 9, 0, 42))}`,
      "Took     42s",
      "Link     report  http://localhost/report",
      "",
      "main  completed",
      "  ✓ prepare  completed",
      "  ✗ compute  error",
      "  · collect  skipped",
      "",
      "Outputs",
      'main  {"count":3}',
    ].join("\n"),
  );
});

Deno.test("renderRun() of an active run shows its step and the time so far", () => {
  const position = { path: ["main"], job: "main", step: "compute", ordinal: 2, total: 3 };
  const text = renderRun(toRunView(aRun()), { style: plain, nowMs, position });
  assert.match(text, /^Status +running {2}step 2\/3 "compute"$/m);
  assert.match(text, /^Took +1m 05s$/m);
});

for (
  const [name, parts, want] of [
    ["number and slug", {}, /^Run +hello-world#47 {2}\(nice-goose\)$/m],
    ["a slug alone", { number: null }, /^Run +nice-goose$/m],
    ["a number alone", { slug: null }, /^Run +hello-world#47$/m],
    ["a number without its workflow's name", { workflowName: null, slug: null }, /^Run +#47$/m],
    ["a reason", { statusReason: "out\nof disk" }, /^Reason +out\\nof disk$/m],
    ["no start time", { createdAt: null }, /^Started +\?$[^]*^Took$/m],
    ["a more specific platform status", { platformStatus: "canceling" }, /^Status +running \(canceling\)$/m],
    ["an equivalent platform status", { ...ended, status: "failed", platformStatus: "error" }, /^Status +failed$/m],
  ] as const
) {
  Deno.test(`renderRun() of a run with ${name}`, () => assert.match(show(parts), want));
}

for (
  const [status, platformStatus, paint] of [
    ["running", "running", colored.cyan],
    ["completed", "completed", colored.green],
    ["failed", "error", colored.red],
    ["cancelled", "canceled", colored.yellow],
  ] as const
) {
  Deno.test(`a run that is ${status} has the same color in renderRun() and renderRuns()`, () => {
    assert.ok(show({ status, platformStatus }, colored).includes(`Status   ${paint(status)}`));
    const table = renderRuns([listed(aRun({ status, platformStatus }))], { style: colored, columns: 100, nowMs });
    assert.ok(table.includes(`  ${paint(status)}  `), table);
  });
}

Deno.test("renderRuns() prints a line per run under a heading", () => {
  const runs = [
    aRun({ ...ended, slug: "nice-goose" }),
    aRun({ number: 8, slug: null, platformStatus: "canceling" }),
    aRun({ number: null, slug: "old-owl", createdAt: null }),
  ];
  assert.equal(
    renderRuns(runs.map(listed), { style: plain, columns: Infinity, nowMs }),
    [
      "RUN             STATUS               AGE  TOOK    SLUG",
      "hello-world#47  completed            1m   42s     nice-goose",
      "hello-world#8   running (canceling)  1m   1m 05s",
      "                running                           old-owl",
    ].join("\n"),
  );
});

for (
  const [columns, line] of [
    [120, "a-workflow-with-a-long-name#47  completed  1m   42s   a-workflow-with-abcdefghij234567"],
    [80, "a-workflow-with-a-lo…#47  completed  1m   42s   a-workflow-with-abcdefghij234567"],
    [60, "a-wor…#47  completed  42s   a-workflow-with-abcdefghij234567"],
    [50, "completed  a-workflow-with-abcdefghij234567"],
  ] as const
) {
  Deno.test(`at ${columns} columns, renderRuns() keeps the slug and shortens the workflow's name`, () => {
    const view = listed(
      aRun({ ...ended, workflowName: "a-workflow-with-a-long-name", slug: "a-workflow-with-abcdefghij234567" }),
    );
    const table = renderRuns([view], { style: plain, columns, nowMs });
    assert.equal(table.split("\n")[1], line);
    for (const shown of table.split("\n")) assert.ok(textWidth(shown) <= columns, shown);
  });
}

for (
  const [columns, line] of [
    [120, "hello-world#47  completed  1m   42s   nice-goose  Nightly check of the solver"],
    [80, "hello-world#47  completed  1m   42s   nice-goose  Nightly check of the solver"],
    [60, "hello-world#47  completed  1m   42s   nice-goose  Nightly c…"],
    [50, "hello-world#47  completed  1m   42s   nice-goose"],
  ] as const
) {
  Deno.test(`at ${columns} columns, renderRuns() shows a run's own name where there is room`, () => {
    const tagged = { ...ended, slug: "nice-goose", displayName: "Nightly check of the solver [abcdefghij234567]" };
    const plainNamed = { ...ended, slug: "old-owl", displayName: "hello-world [abcdefghij234567]" };
    const table = renderRuns([listed(aRun(tagged)), listed(aRun(plainNamed))], { style: plain, columns, nowMs });
    assert.equal(table.split("\n")[1], line);
    assert.match(table.split("\n")[2] ?? "", /old-owl$/);
  });
}

Deno.test("text from a server can neither move the cursor nor start a line", () => {
  const hostile = "a\u001b[2J\nb\u009b";
  const job = {
    name: hostile,
    status: hostile,
    steps: [aStep({ name: hostile, status: hostile })],
    outputs: { [hostile]: hostile },
  };
  const lineCount = show({ jobs: [{ ...job, name: "a", outputs: { a: "a" } }], links: [] }).split("\n").length;
  const parts = {
    slug: hostile,
    workflowName: hostile,
    platformStatus: hostile,
    statusReason: null,
    createdAt: hostile,
  };
  const text = show({ ...parts, jobs: [job] });
  // deno-lint-ignore no-control-regex -- these characters must not pass
  assert.doesNotMatch(text, /[\u001b\u009b]/);
  assert.equal(text.split("\n").length, lineCount);
  const table = renderRuns([listed(aRun(parts))], { style: plain, columns: 80, nowMs });
  assert.equal(table.split("\n").length, 2);
  assert.ok(!table.includes("\u001b"));
});
