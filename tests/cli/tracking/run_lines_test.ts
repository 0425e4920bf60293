import assert from "node:assert/strict";
import {
  renderEventLine,
  renderResult,
  renderStatusLine,
  renderTimeLeft,
  timeLeftAfter,
  watchCommand,
} from "../../../lib/cli/tracking/run_lines.ts";
import { styleFor } from "../../../lib/cli/terminal/style.ts";
import { resultWithoutRun, toRunResult } from "../../../lib/runs/view.ts";
import type { RunEvent } from "../../../lib/events.ts";
import type { RunResult } from "../../../lib/result.ts";
import { aRun } from "../../support/records.ts";

const plain = styleFor(false);
const base = { submissionId: "submission", atMs: Date.UTC(2026, 0, 5, 9) };
const ended = aRun({ completedAt: "2026-01-05T09:00:42.000Z", slug: "nice-goose" });
const result = (kind: RunResult["kind"], more: Partial<RunResult> = {}): RunResult => ({
  ...toRunResult(ended, { kind, submitted: "yes" }),
  ...more,
});

for (
  const [event, want] of [
    [
      { ...base, type: "submitting", workflow: "hello-world", host: "activate.example.com", user: "demo", slug: null },
      /^Submitting hello-world to activate\.example\.com as demo\.\.\.$/,
    ],
    [
      {
        ...base,
        type: "started",
        workflow: "w",
        slug: "nice-goose",
        number: 47,
        isAttached: false,
        deadlineAtMs: null,
      },
      /^Run #47 started {2}\(nice-goose\)$/,
    ],
    [
      {
        ...base,
        type: "started",
        workflow: "w",
        slug: null,
        number: 47,
        isAttached: true,
        deadlineAtMs: base.atMs,
      },
      /^Tracking run #47\nWaiting up to 0s \(until \d\d:\d\d \S+\); the run continues afterwards$/,
    ],
    [
      {
        ...base,
        type: "started",
        workflow: "w",
        slug: "nice-goose",
        number: null,
        isAttached: false,
        deadlineAtMs: base.atMs + 3 * 86_400_000,
      },
      /^Run started {2}\(nice-goose\)\nWaiting up to 3d \(until 2026-01-0[789] \d\d:\d\d \S+\)/,
    ],
    [
      { ...base, type: "key-matched", idempotencyKey: "k", slug: "nice-goose" },
      /^Idempotency key "k" was used before by nice-goose: tracking that run instead of starting another$/,
    ],
    [
      { ...base, type: "key-matched", idempotencyKey: "k", slug: null },
      /^Idempotency key "k" was used before: tracking that run instead of starting another$/,
    ],
    [
      { ...base, type: "submit-delayed", reason: "rate-limited", detail: "429", untilMs: base.atMs + 7_000 },
      /retrying in 7s: 429/,
    ],
    [
      { ...base, type: "submit-delayed", reason: "workspace", detail: "off", untilMs: base.atMs + 600 },
      /retrying in 1s: off/,
    ],
    [
      { ...base, type: "submit-delayed", reason: "reconciling", detail: "cut", untilMs: base.atMs },
      /searching for it: cut/,
    ],
    [{ ...base, type: "submit-delayed", reason: "conflict", detail: "409", untilMs: base.atMs }, /Not started yet/],
    [
      { ...base, type: "submit-delayed", reason: "unreachable", detail: "refused", untilMs: base.atMs },
      /Not submitted yet/,
    ],
    [
      { ...base, type: "unknown-status", platformStatus: "hiber\u001b[2Jnating" },
      /"hiber.*nating": .*until the server reports its end$/,
    ],
    [
      { ...base, type: "poll-delayed", reason: "503", untilMs: base.atMs + 300_000 },
      /^Server busy, polling again in 5m 00s: 503$/,
    ],
    [{ ...base, type: "connection-lost", reason: "503" }, /Connection lost.*503/],
    [{ ...base, type: "connection-restored", outageMs: 240_000 }, /restored after 4m 00s/],
    [
      { ...base, type: "finished", result: result("completed", { status: "completed" }) },
      /^Status: completed \(42s\)$/,
    ],
    [
      { ...base, type: "finished", result: result("failed", { status: "failed", durationSeconds: null }) },
      /^Status: failed$/,
    ],
    [
      { ...base, type: "finished", result: result("cancelled", { status: "cancelled" }) },
      /^Status: cancelled \(42s\)$/,
    ],
    // The command reports how the wait ended.
    [{ ...base, type: "finished", result: result("timeout", { status: "timeout" }) }, /^$/],
  ] as const satisfies readonly (readonly [RunEvent, RegExp])[]
) {
  Deno.test(`eventLine() of ${event.type}${detailOf(event)}`, () => {
    const line = renderEventLine(event) ?? "";
    assert.match(line, want);
    assert.ok(!line.includes("\u001b"));
  });
}

Deno.test("eventLine() of started does not promise that a run continues if it is cancelled at the timeout", () => {
  const started = { ...base, type: "started", workflow: "w", slug: "s", number: 1, isAttached: false } as const;
  const event = { ...started, deadlineAtMs: base.atMs + 60_000 };
  assert.match(
    renderEventLine(event, "cancel") ?? "",
    /Waiting up to 1m \(until \d\d:\d\d \S+\); the run is then cancelled$/,
  );
  assert.match(renderEventLine(event, "keep") ?? "", /; the run continues afterwards$/);
});

Deno.test("eventLine() of started shows a short time to wait with its fraction", () => {
  const started = { ...base, type: "started", workflow: "w", slug: "s", number: 1, isAttached: false } as const;
  assert.match(renderEventLine({ ...started, deadlineAtMs: base.atMs + 487 }) ?? "", /Waiting up to 0\.5s \(/);
});

function detailOf(event: RunEvent): string {
  if (event.type === "submit-delayed") return ` (${event.reason})`;
  if (event.type !== "started") return "";
  return event.isAttached ? " (already started)" : event.deadlineAtMs === null ? "" : " (with a deadline days ahead)";
}

Deno.test("statusLine() shows time and step", () => {
  const position = { path: ["main"], job: "main", step: "run mpi", ordinal: 2, total: 3 };
  const status = { platformStatus: "running", elapsedMs: 15_400, position, timeLeft: null };
  assert.equal(renderStatusLine(status), 'Status: running... (15s)  step 2/3 "run mpi"');
  assert.equal(
    renderStatusLine({ ...status, position: { ...position, path: ["main", "ssh_job"] } }),
    'Status: running... (15s)  step 2/3 "main › ssh_job › run mpi"',
  );
  const canceling = { ...status, platformStatus: "canceling", position: null };
  assert.equal(renderStatusLine(canceling), "Status: canceling... (15s)");
  const timeLeft = { type: "about", leftMs: 40_000, usualMs: 130_000, earlierRuns: 20 } as const;
  assert.equal(
    renderStatusLine({ ...status, timeLeft }),
    'Status: running... (15s)  step 2/3 "run mpi"  ~40s left, usually 2m 10s',
  );
});

Deno.test("renderTimeLeft() counts down, then names the usual time alone, and reports when no run took as long", () => {
  const timeLeft = { type: "about", leftMs: 40_000, usualMs: 130_000, earlierRuns: 20 } as const;
  const after = (passedMs: number) => renderTimeLeft(timeLeftAfter(timeLeft, passedMs) ?? timeLeft);
  assert.equal(after(0), "~40s left, usually 2m 10s");
  assert.equal(after(30_000), "~10s left, usually 2m 10s");
  assert.equal(after(39_500), "usually 2m 10s");
  assert.equal(timeLeftAfter(null, 1), null);
  const longer = { type: "longer-than-all", earlierRuns: 20 } as const;
  assert.equal(renderTimeLeft(timeLeftAfter(longer, 1) ?? timeLeft), "longer than all 20 earlier runs");
});

for (
  const [kind, more, want] of [
    ["completed", {}, /^✓ Workflow completed successfully$/],
    ["failed", { errorMessage: "step failed" }, /^✗ Workflow failed: step failed$/],
    ["cancelled", {}, /cancelled on the platform/],
    ["cancelled", { message: "Cancelled before it was submitted" }, /^✗ Cancelled before it was submitted$/],
    ["session_ready", { session: { name: "s", url: "http://x/y" } }, /stays running: http:\/\/x\/y$/],
    ["submitted", {}, /is still running\n.*watch nice-goose/],
    ["timeout", { message: "The run is still running" }, /The run is still running\n.*watch nice-goose/],
    [
      "timeout",
      { message: "Still running after 5s", platformStatus: "canceled" },
      /^✗ Still running after 5s, and cancelled$/,
    ],
    ["connection_lost", { message: "No response" }, /No response\n.*watch/],
    ["credential_expired", { message: "expired" }, /expired\n.*watch/],
    ["run_deleted", { message: "gone" }, /^✗ gone$/],
  ] as const satisfies readonly (readonly [RunResult["kind"], Partial<RunResult>, RegExp])[]
) {
  Deno.test(`renderResult() of ${kind}${"platformStatus" in more ? " of a run that was cancelled" : "message" in more ? ", with its message" : ""}`, () =>
    assert.match(renderResult(result(kind, more), plain), want));
}

Deno.test("renderResult() of an unknown outcome prints its message", () => {
  assert.equal(renderResult(resultWithoutRun("w", "w-abc", "Outcome unknown"), plain), "✗ Outcome unknown");
});

Deno.test("watchCommand() names a run without a slug by its number", () => {
  assert.equal(watchCommand({ slug: null, workflowName: "w", runNumber: 3 }), "pw-workflow-runner watch w#3");
});
