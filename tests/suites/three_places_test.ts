/** One suite file passes on a terminal, in a job of GitHub Actions, and from a schedule. */

import assert from "node:assert/strict";
import { fastClock, systemClock } from "../../lib/clock.ts";
import { readSchedules } from "../../lib/scheduler/define.ts";
import { addWaitingOccurrence } from "../../lib/scheduler/scheduler_store.ts";
import { tick } from "../../lib/scheduler/tick.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { suiteOf } from "../../lib/submission.ts";
import { cliStage } from "../support/cli_stage.ts";
import { runAction } from "../support/github_runner.ts";
import { needing } from "../support/needs.ts";
import { aServiceStage } from "../support/service.ts";

const ROOT = new URL("../../", import.meta.url);
const PATH = "examples/smoke.suite.yaml";
const readTextFile = (path: string) => Deno.readTextFile(new URL(path, ROOT));

Deno.test(`${PATH} passes on a terminal`, async () => {
  await using stage = await cliStage();
  const { code, stdout, stderr } = await stage.call(["test", PATH], { context: { readTextFile } });
  assert.equal(code, 0, stderr);
  assert.match(stdout, /✓ smoke: 3 passed in /);
});

Deno.test({
  ...needing(`${PATH} passes in the action`, Deno.build.os === "linux" ? undefined : "needs Linux"),
  async fn() {
    await using platform = await startSimulator({ clock: fastClock(systemClock, 30) });
    const files = Object.fromEntries(
      await Promise.all([PATH, "inputs/hello-world.json"].map(async (path) => [path, await readTextFile(path)])),
    );
    const end = await runAction({
      files,
      with: { "api-key": platform.key, suite: PATH, args: "--max-poll-interval=1s" },
    });
    assert.equal(end.code, 0, end.log);
    assert.deepEqual([end.outputs["status"], end.outputs["passed"], end.outputs["failed"]], ["completed", "3", "0"]);
  },
});

Deno.test(`${PATH} passes from the schedule that docs/service.md shows`, async () => {
  const guide = await readTextFile("docs/service.md");
  const [, example = ""] = /^```ts\n([^]*?suite: "[^]*?)^```$/m.exec(guide.slice(guide.indexOf("## Suites"))) ?? [];
  const define = new URL("lib/scheduler/define.ts", ROOT).href;
  const text = `import { defineSchedules } from ${JSON.stringify(define)};\n${example}`;
  // deno-lint-ignore project/literal-import -- the module is the example
  const module: { readonly schedules?: unknown } = await import(
    `data:application/typescript,${encodeURIComponent(text)}`
  );
  const [schedule] = readSchedules(module.schedules);
  assert.equal(schedule?.suite, PATH);
  await using stage = await aServiceStage([], { isHeld: true });
  const service = await stage.isolate({ schedules: [schedule], readTextFile });
  const id = "once";
  await addWaitingOccurrence(service.kv, { id, schedule: schedule.name, scheduledAtMs: stage.clock.now() });
  for (let minute = 0; minute < 15; minute++) {
    await tick(service);
    stage.clock.advance(60_000);
  }
  const submission = await service.deps.store.get(id);
  assert.equal(submission?.state, "finished", JSON.stringify(submission));
  const end = submission && suiteOf(submission)?.end;
  assert.deepEqual(end, { kind: "passed", exitCode: 0, counts: { passed: 3 }, failures: [] });
});
