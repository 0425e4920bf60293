import assert from "node:assert/strict";
import { schedules } from "../../functions/schedules.ts";
import { InvalidInputs } from "../../lib/errors.ts";
import { defineSchedules, readSchedules } from "../../lib/scheduler/define.ts";

const PLAIN = { name: "nightly", cron: "30 2 * * *", workflow: "hello-world" };

function problemsOf(list: unknown): string[] {
  try {
    readSchedules(list);
  } catch (error) {
    assert.ok(error instanceof InvalidInputs);
    return error.problems.map(({ path, message }) => `${path} ${message}`);
  }
  return [];
}

Deno.test("omitted fields get their defaults", () => {
  assert.deepEqual([...defineSchedules([PLAIN])], [{
    ...PLAIN,
    suite: null,
    timeZone: "UTC",
    preset: null,
    inputsFile: null,
    inputs: {},
    displayName: null,
    isTrusted: false,
    overlap: "skip",
    deadlineMs: null,
    onDeadline: "keep",
    backfill: "last",
    jitterMs: 0,
    timelines: ["production"],
    notify: [],
  }]);
});

Deno.test("the schedules in functions/schedules.ts are valid and disabled", () => {
  assert.ok(schedules.length > 0);
  assert.ok(schedules.every(({ timelines }) => !timelines.includes("production")));
});

Deno.test("a checked list is returned as it is, and a plain list is checked", () => {
  assert.equal(readSchedules(schedules), schedules);
  assert.equal(readSchedules([PLAIN])[0]?.overlap, "skip");
});

Deno.test("the cause lists every problem, for hosts that print only the error of a failed module", () => {
  assert.throws(() => defineSchedules([{ ...PLAIN, cron: "" }, { ...PLAIN, workflow: "" }]), ({ cause }: Error) => {
    assert.ok(cause instanceof Error);
    assert.match(cause.message, /^schedules\[0\]\.cron .*\nschedules\[1\]\.workflow .*\n/);
    return true;
  });
});

Deno.test("all problems are reported at once, each with its path", () => {
  const duplicate = { ...PLAIN, cron: "0 0 * *", overlp: "skip" };
  assert.deepEqual(problemsOf([PLAIN, duplicate, { name: "Bad Name" }]), [
    'schedules[1].overlp unknown field: did you mean "overlap"?',
    'schedules[1].cron must have five fields (minute, hour, day of month, month, day of week): got "0 0 * *"',
    "schedules[2].name must be at most 40 lowercase letters, digits and hyphens, starting with a letter",
    "schedules[2].cron is missing",
    "schedules[2].workflow is missing",
    'schedules[1].name "nightly" is already used by schedules[0]',
  ]);
  assert.deepEqual(problemsOf([PLAIN, { ...PLAIN, name: "daily" }, { ...PLAIN, name: "daily" }, PLAIN]), [
    'schedules[2].name "daily" is already used by schedules[1]',
    'schedules[3].name "nightly" is already used by schedules[0]',
  ]);
});

for (
  const [change, expected] of [
    [{ cron: "60 * * * *" }, 'cron is not a valid cron expression: invalid value for minute: 60, in "60 * * * *"'],
    [{ cron: "0 0 31 2 *" }, 'cron "0 0 31 2 *" never fires: there is no such date'],
    [{ cron: "0 0 31 * +MON#1" }, 'cron "0 0 31 * +MON#1" never fires: there is no such date'],
    [{ cron: "@daily" }, /^cron must have five fields/],
    [{ cron: "0 0 0 * * *" }, /^cron must have five fields/],
    [{ timeZone: "Europe/Berln" }, /^timeZone unknown time zone "Europe\/Berln"\. Did you mean "Europe\/Berlin"/],
    [{ timeZone: "+02:00" }, 'timeZone unknown time zone "+02:00". Use an IANA name like Europe/Berlin'],
    [
      { overlap: "skipp" },
      'overlap must be one of skip, queue, allow, cancel-previous: got "skipp". Did you mean "skip"?',
    ],
    [{ deadline: "soon" }, 'deadline is not a duration: "soon". Use a form like 30s, 5m, 2h or 1h30m'],
    [{ deadline: "0s" }, "deadline must be greater than 0: omit it for no deadline"],
    [{ deadline: 7200 }, "deadline must be a non-empty string: got a number"],
    [{ onDeadline: "cancel" }, "onDeadline has no effect without a deadline"],
    [{ backfill: "all" }, /^backfill must be one of none, last or \{ all: 3 \}: got "all"/],
    [{ backfill: { all: 0 } }, "backfill.all must be a whole number from 1 to 24: got 0"],
    [{ backfill: { all: 25 } }, "backfill.all must be a whole number from 1 to 24: got 25"],
    [
      { backfill: { all: 3 } },
      /^backfill submits several runs at once, and overlap "skip" would skip all but the first/,
    ],
    [{ backfill: { all: 3 }, overlap: "cancel-previous" }, /would cancel all but the last/],
    [{ cron: "*/5 * * * *", jitter: "5m" }, "jitter must be shorter than the time between two firings, 5m 00s"],
    [{ enabled: true }, 'enabled must be false, or timelines like ["production"]'],
    [{ enabled: [] }, 'enabled must be false, or timelines like ["production"]'],
    [{ trust: "yes" }, "trust must be true or false"],
    [{ displayName: "n".repeat(228) }, "displayName must be at most 227 characters"],
    [{ inputs: { at: new Date(0) } }, "inputs.at must be JSON: got a class instance"],
    [{ inputs: { list: [1, NaN] } }, "inputs.list[1] must be JSON: got NaN"],
    [{ inputs: [] }, "inputs must be an object: got a list"],
    [{ notify: [{ url: "http://example.com/secret" }] }, "notify[0].url must be an https URL"],
    [{ notify: [{ url: "https://example.com", on: ["fail"] }] }, /^notify\[0\]\.on\[0\] must be one of .*"failed"\?$/],
    [{ notify: [{ url: "https://example.com", secretEnv: "s3cret!" }] }, /^notify\[0\]\.secretEnv must be the name/],
    [{ workflow: "" }, "workflow must be a non-empty string: got an empty one"],
    [{ workflow: " " }, "workflow must be a non-empty string: got an empty one"],
    [{ suite: "a.suite.yaml" }, "workflow has no effect with a suite, whose file states it"],
    [{ workflow: undefined, suite: 3 }, "suite must be a non-empty string: got a number"],
    [
      { workflow: undefined, suite: "a.suite.yaml", trust: true },
      "trust has no effect with a suite, whose file states it",
    ],
  ] as const
) {
  Deno.test(`${JSON.stringify(change)} is rejected`, () => {
    const [problem = "", ...others] = problemsOf([{ ...PLAIN, ...change }]);
    assert.deepEqual(others, []);
    const message = problem.replace(/^schedules\[0\]\./, "");
    if (typeof expected === "string") assert.equal(message, expected);
    else assert.match(message, expected);
  });
}

Deno.test("the times of a disabled schedule are checked: requests run it, and commands list them", () => {
  const times = { cron: "0 0 31 2 *", timeZone: "Europe/Berln" };
  assert.deepEqual(
    problemsOf([{ ...PLAIN, ...times, enabled: false }]).map((problem) => problem.split(" ")[0]),
    ["schedules[0].cron", "schedules[0].timeZone"],
  );
});

for (const list of [undefined, null, "x", {}]) {
  Deno.test(`${JSON.stringify(list)} is rejected: it is not a list`, () => {
    assert.deepEqual(problemsOf(list), ["schedules must be a list"]);
  });
}

Deno.test("a schedule with every field set is accepted", () => {
  const full = {
    ...PLAIN,
    cron: "  0 6-18/2 * *   MON-FRI ",
    timeZone: "Australia/Lord_Howe",
    overlap: "queue",
    backfill: { all: 24 },
    deadline: "2h",
    onDeadline: "cancel",
    jitter: "1h30m",
    enabled: ["production", "staging"],
    notify: [{ url: "http://localhost:8080/hook", on: ["completed"], secretEnv: "HOOK_SECRET" }],
  } as const;
  const [schedule] = defineSchedules([full]);
  assert.equal(schedule?.cron, "0 6-18/2 * * MON-FRI");
  assert.deepEqual([schedule?.deadlineMs, schedule?.jitterMs], [7_200_000, 5_400_000]);
  assert.deepEqual(schedule?.notify, [{
    url: "http://localhost:8080/hook",
    on: ["completed"],
    secretEnv: "HOOK_SECRET",
  }]);
});

Deno.test("a webhook without `on` receives everything that did not go as planned", () => {
  const [schedule] = defineSchedules([{ ...PLAIN, notify: [{ url: "https://example.com/hook" }] }]);
  assert.deepEqual(schedule?.notify[0]?.on, ["failed", "unknown", "missed", "skipped", "deadline", "invalid"]);
});
