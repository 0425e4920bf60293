import assert from "node:assert/strict";
import { startSimulator } from "../../lib/simulator/start.ts";
import type { Simulator } from "../../lib/simulator/simulator.ts";
import { virtualClock } from "../support/virtual_clock.ts";
import { request, submit } from "./request.ts";

async function readLog(sim: Simulator, slug: string, path: string): Promise<string | null> {
  const response = await request(sim, "GET", `/api/workflow-runs/${slug}/files?file=${encodeURIComponent(path)}`);
  return response.status === 404 ? null : String(response.at(""));
}

Deno.test("a step's log does not exist before its first line and grows line by line", async () => {
  const clock = virtualClock();
  await using sim = await startSimulator({ clock });
  const inputs = { hello: { message: "Grüße\nan alle" }, resource: "a30gpuserver" };
  const slug = await submit(sim, "hello-world", { inputs });
  const read = () => readLog(sim, slug, "logs/hello/step_1/logs.out");
  clock.advance(4_999);
  assert.equal(await read(), null);
  clock.advance(1);
  const first = "2026-01-05T09:00:05.000Z mpirun -n 1 hello\nGrüße\nan alle\n";
  assert.equal(await read(), first);
  clock.advance(3_000);
  assert.equal(await read(), `${first}2026-01-05T09:00:08.000Z iteration 1 of 10\n`);
  clock.advance(600_000);
  assert.equal((await read())?.split("\n").length, 14);
});

Deno.test("a failed step's log contains the error annotations", async () => {
  await using sim = await startSimulator();
  const log = await readLog(sim, "failing-step-00001", "logs/build/step_1/logs.out");
  assert.match(log ?? "", /^::group::compile\n/);
  assert.match(log ?? "", /\n::warning title=Deprecated::solver\.c uses an old interface\n/);
  assert.match(log ?? "", /\n::error title=Compilation failed::solver\.c:42: 'dt' undeclared\n/);
  assert.equal(await readLog(sim, "failing-step-00001", "logs/build/step_2/logs.out"), null);
});

Deno.test("a log ends when the run is canceled", async () => {
  const clock = virtualClock();
  await using sim = await startSimulator({ clock });
  const slug = await submit(sim, "never-ending");
  clock.advance(15_000);
  sim.cancelExternally(slug);
  clock.advance(600_000);
  const log = await readLog(sim, slug, "logs/watch/step_1/logs.out");
  assert.deepEqual(log?.split("\n"), [
    "2026-01-05T09:00:02.000Z nothing new",
    "2026-01-05T09:00:12.000Z nothing new",
    "",
  ]);
});

Deno.test("a full log is rotated, and one backup is kept", async () => {
  const clock = virtualClock();
  await using sim = await startSimulator({
    clock,
    workflows: { mine: "jobs: { a: { steps: [{ run: count }] } }" },
    scenarios: { mine: { "a/0": { logs: ["line1", { after: "1s", times: 8, text: "line${{ line + 1 }}" }] } } },
    // A line has six bytes, so three fit.
    behavior: { logFileBytes: 20 },
  });
  const slug = await submit(sim, "mine");
  const both = async () => [
    await readLog(sim, slug, "logs/a/step_0/logs.out.1"),
    await readLog(sim, slug, "logs/a/step_0/logs.out"),
  ];
  clock.advance(2_000);
  assert.deepEqual(await both(), [null, "line1\nline2\nline3\n"]);
  clock.advance(1_000);
  assert.deepEqual(await both(), ["line1\nline2\nline3\n", "line4\n"]);
  clock.advance(60_000);
  assert.deepEqual(await both(), ["line4\nline5\nline6\n", "line7\nline8\nline9\n"]);
});

Deno.test("big-log exceeds a log file of 10 MiB", async () => {
  const clock = virtualClock();
  await using sim = await startSimulator({ clock });
  const slug = await submit(sim, "big-log");
  clock.advance(60_000);
  const backup = await readLog(sim, slug, "logs/main/step_0/logs.out.1");
  const current = await readLog(sim, slug, "logs/main/step_0/logs.out");
  assert.ok((backup ?? "").length > 10_000_000 && (backup ?? "").length <= 10 * 1024 * 1024);
  assert.match(current ?? "", /the last line\n$/);
});

for (const path of ["logs/unknown/step_0/logs.out", "logs/main/step_9/logs.out", "notes.txt", "../../etc/passwd"]) {
  Deno.test(`the file ${path} does not exist`, async () => {
    await using sim = await startSimulator();
    const slug = await submit(sim, "quick");
    assert.equal(await readLog(sim, slug, path), null);
  });
}
