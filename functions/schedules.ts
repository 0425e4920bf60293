/** The schedules. `pw-workflow-runner schedules` checks this file and lists the next occurrences. */

import { defineSchedules } from "../lib/scheduler/define.ts";

export const schedules = defineSchedules([
  {
    name: "nightly-hello",
    cron: "30 2 * * *", // every night at 2:30
    timeZone: "America/Chicago",
    workflow: "hello-world",
    inputsFile: "inputs/hello-world.json",
    inputs: { hello: { message: "Good night" } }, // overrides the file
    enabled: false, // remove this line to run in production
  },
  {
    name: "weekday-benchmark",
    cron: "0 6-18/2 * * MON-FRI", // weekdays every two hours from 6 to 18, in UTC
    workflow: "hello-world",
    inputsFile: "inputs/hello-world.json",
    overlap: "queue", // wait for the previous run; or: skip, allow, cancel-previous
    deadline: "1h", // report runs that take longer
    jitter: "5m", // start up to five minutes later
    notify: [{ url: "https://example.com/hooks/benchmarks", on: ["failed", "missed", "deadline"] }],
    enabled: false,
  },
]);
