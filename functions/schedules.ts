/** What runs by itself, and when. `pw-workflow-runner schedules` shows what this means. */

import { defineSchedules } from "../lib/scheduler/define.ts";

export const schedules = defineSchedules([
  {
    name: "nightly-hello",
    cron: "30 2 * * *", // every night at half past two
    timeZone: "America/Chicago",
    workflow: "hello-world",
    inputs: { hello: { message: "Good night" } },
    enabled: false, // leave this line out, and it runs in production
  },
  {
    name: "weekday-benchmark",
    cron: "0 6-18/2 * * MON-FRI", // every two hours of a working day, in UTC
    workflow: "hello-world",
    inputsFile: "inputs/hello-world.json",
    overlap: "queue", // wait for the one before; also: skip, allow, cancel-previous
    deadline: "1h", // tell when it takes longer
    jitter: "5m", // not all at the full hour
    notify: [{ url: "https://example.com/hooks/benchmarks", on: ["failed", "missed", "deadline"] }],
    enabled: false,
  },
]);
