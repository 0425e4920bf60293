import assert from "node:assert/strict";
import type { Context } from "../../../lib/cli/context.ts";
import { runCommandLine } from "../../../lib/cli/program.ts";
import type { ServerBehavior } from "../../../lib/simulator/simulator.ts";
import { startSimulator } from "../../../lib/simulator/start.ts";
import { submit } from "../../simulator/request.ts";
import { aContext } from "../../support/cli_context.ts";
import { virtualClock } from "../../support/virtual_clock.ts";
import { bufferedWriter } from "../../support/writer.ts";

async function aStage(behavior: Partial<ServerBehavior> = {}) {
  const clock = virtualClock();
  const simulator = await startSimulator({ clock, behavior });
  return {
    clock,
    simulator,
    async workspace(args: readonly string[], parts: Partial<Context> = {}) {
      const [stdout, stderr] = [bufferedWriter(), bufferedWriter({ isTerminal: parts.stdin?.isTerminal === true })];
      const env = (name: string) => name === "PW_API_KEY" ? simulator.key : undefined;
      const code = await runCommandLine(
        aContext({ args: ["workspace", ...args], env, stdout, stderr, clock, fetch, ...parts }),
      );
      return { code, stdout: stdout.text(), stderr: stderr.text() };
    },
    [Symbol.asyncDispose]: () => simulator[Symbol.asyncDispose](),
  };
}

/** A terminal at which this line is typed. */
const typing = (line: string): Partial<Context> => ({
  stdin: { isTerminal: true, readText: () => assert.fail("stdin was read") },
  readLine: () => Promise.resolve(line),
});

Deno.test("workspace status shows the platform's term", async () => {
  await using stage = await aStage({ workspace: "Off" });
  const text = await stage.workspace(["status"]);
  assert.deepEqual([text.code, text.stdout], [0, `· Your workspace on ${new URL(stage.simulator.url).host} is Off\n`]);
  const { stdout } = await stage.workspace(["status", "--json"]);
  assert.deepEqual(JSON.parse(stdout), {
    host: new URL(stage.simulator.url).host,
    status: "Off",
    isRestarted: false,
    exitCode: 0,
    kind: "completed",
    submitted: "no",
  });
});

Deno.test("workspace start --yes starts a workspace that is off, and --wait waits until it is running", async () => {
  await using stage = await aStage({ workspace: "Off" });
  const started = await stage.workspace(["start", "--yes"]);
  assert.deepEqual([started.code, started.stdout.endsWith("is Starting\n")], [0, true]);
  assert.deepEqual(stage.simulator.received("restart-workspace").map(({ path, body }) => ({ path, body })), [{
    path: "/api/organizations/example-org/users/demo/user-workspace/restart",
    body: { forceKill: false },
  }]);
  const waited = await stage.workspace(["start", "--wait"]);
  assert.deepEqual([waited.code, waited.stdout.endsWith("is Running\n")], [0, true]);
  assert.match(waited.stderr, /^Workspace: Starting\.\.\.\n$/);
  // It was starting already.
  assert.equal(stage.simulator.received("restart-workspace").length, 1);
});

Deno.test("workspace start changes nothing if the workspace is running", async () => {
  await using stage = await aStage();
  await submit(stage.simulator, "never-ending");
  const { code, stdout } = await stage.workspace(["start", "--yes", "--wait"]);
  assert.deepEqual([code, stdout.endsWith("is Running\n")], [0, true]);
  assert.equal(stage.simulator.received("restart-workspace").length, 0);
  assert.deepEqual(stage.simulator.runs().map(({ status }) => status), ["running"]);
});

Deno.test("workspace restart asks first at a terminal, names what it ends, and ends running runs", async () => {
  await using stage = await aStage();
  await submit(stage.simulator, "never-ending");
  const refused = await stage.workspace(["restart"], typing("n"));
  assert.equal(refused.code, 2);
  // As it is wrapped to the terminal.
  const question = refused.stderr.replaceAll(/\s+/g, " ");
  assert.match(question, /is Running\. This ends your runs that are still marked as running.*\[y\/N\]/);
  assert.match(refused.stderr, /Cancelled: the workspace was not changed/);
  assert.equal(stage.simulator.received("restart-workspace").length, 0);

  const agreed = await stage.workspace(["restart", "--wait"], typing("y"));
  assert.equal(agreed.code, 0, agreed.stderr);
  assert.match(agreed.stdout, /is Running\n$/);
  stage.clock.advance(600_000);
  assert.deepEqual(stage.simulator.runs().map(({ status }) => status), ["canceled"]);
});

Deno.test("without a terminal, workspace start needs --yes", async () => {
  await using stage = await aStage({ workspace: "Off" });
  const { code, stderr } = await stage.workspace(["start"]);
  assert.equal(code, 2);
  assert.match(stderr, /it ends your running runs, which needs a confirmation/);
  assert.match(stderr, /--yes/);
  assert.equal(stage.simulator.received("restart-workspace").length, 0);
});

Deno.test("workspace start --wait gives up on a workspace that does not start", async () => {
  await using stage = await aStage({ workspace: "Starting" });
  const { code, stderr } = await stage.workspace(["start", "--wait"]);
  assert.equal(code, 8);
  assert.match(stderr, /The workspace is Starting after 10m 0\ds/);
});

Deno.test("an unknown action is refused", async () => {
  await using stage = await aStage();
  const { code, stderr } = await stage.workspace(["stop"]);
  assert.equal(code, 2);
  assert.match(stderr, /ACTION must be status, start or restart: got "stop"/);
});
