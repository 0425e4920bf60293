import assert from "node:assert/strict";
import { runCommandLine } from "../../../lib/cli/program.ts";
import { parse } from "../../../lib/deps/yaml.ts";
import { startSimulator } from "../../../lib/simulator/start.ts";
import { aContext } from "../../support/cli_context.ts";
import { cliStage } from "../../support/cli_stage.ts";
import { startMain } from "../../support/main_call.ts";
import { virtualClock } from "../../support/virtual_clock.ts";
import { bufferedWriter } from "../../support/writer.ts";

const TWO_STEPS = `jobs:
  main:
    steps:
      - name: first
        run: one
      - name: second
        run: two
`;
const TWO_STEPS_SCENARIO = {
  "main/first": { logs: ["one", { after: "5s", text: "two" }] },
  "main/second": { logs: [{ after: "5s", text: "three" }] },
};

Deno.test("`logs -f` reads seldom while nothing is added, and only the logs of steps that have started", async () => {
  const clock = virtualClock();
  const scenario = { "main/first": { lasts: "300s" }, "main/second": { logs: ["three"] } };
  await using simulator = await startSimulator({ clock, workflows: { "two-steps": { yaml: TWO_STEPS, scenario } } });
  const env = (name: string) => name === "PW_API_KEY" ? simulator.key : undefined;
  const call = async (...args: readonly string[]) => {
    const stdout = bufferedWriter();
    assert.equal(await runCommandLine(aContext({ args, clock, env, stdout, fetch })), 0);
    return stdout.text();
  };
  const { slug }: { slug: string } = JSON.parse(
    await call("run", "two-steps", "--no-wait", "--no-history", "--json"),
  );
  assert.match(await call("logs", slug, "-f"), /three/);
  const reads = simulator.received("read-file").length;
  assert.ok(reads > 10 && reads < 40, `${reads} reads in five minutes`);
  const polls = simulator.received("get-run").length;
  assert.ok(polls < 40, `${polls} polls`);
});

for (
  const [what, run, options, want] of [
    ["a run without failed steps", "hello-world#46", ["--failed"], "No step failed\n"],
    ["a run that has ended without failed steps", "hello-world#46", ["--failed", "--follow"], "No step failed\n"],
    ["a run that may still fail", "RUNNING", ["--failed"], "No step has failed so far\n"],
    ["a run that has written nothing", "RUNNING", [], "No logs yet\n"],
  ] as const
) {
  Deno.test(`logs ${options.join(" ")} of ${what} prints "${want.trim()}"`, async () => {
    const workflows = { silent: "jobs: { main: { steps: [{ name: wait, run: sleep }] } }" };
    const scenario = { "main/wait": { lasts: "1h" } };
    await using stage = await cliStage({
      clock: virtualClock(),
      workflows: { silent: { yaml: workflows.silent, scenario } },
    });
    const { stdout } = await stage.call(["run", "silent", "--no-wait", "--json"]);
    const args = ["logs", run.replace("RUNNING", JSON.parse(stdout).slug), ...options];
    assert.deepEqual(await stage.call(args), { code: 0, stdout: "", stderr: want });
  });
}

Deno.test("`logs -f` starts headings on a new line and ends its output with a newline, even after unfinished lines", async () => {
  const clock = virtualClock();
  await using simulator = await startSimulator({
    clock,
    workflows: { "two-steps": { yaml: TWO_STEPS, scenario: TWO_STEPS_SCENARIO } },
  });
  const call = async (args: readonly string[]) => {
    const stdout = bufferedWriter();
    const env = (name: string) => name === "PW_API_KEY" ? simulator.key : undefined;
    assert.equal(await runCommandLine(aContext({ args, clock, env, stdout, fetch: withoutLastNewline })), 0);
    return stdout.text();
  };
  const { slug }: { slug: string } = JSON.parse(
    await call(["run", "two-steps", "--no-wait", "--no-history", "--json"]),
  );
  assert.equal(
    await call(["logs", slug, "-f"]),
    "==> main › first <==\none\ntwo\n==> main › second <==\nthree\n",
  );
});

for (
  const [what, pending, running] of [
    ["omits the status of steps that have not started", "", "running"],
    ["has other words for steps that have not started, and for those that run", "queued", "in_progress"],
  ] as const
) {
  Deno.test(`\`logs -f\` shows every line where the server ${what}`, async () => {
    const clock = virtualClock();
    const workflows = { "two-steps": { yaml: TWO_STEPS, scenario: TWO_STEPS_SCENARIO } };
    await using simulator = await startSimulator({ clock, workflows });
    const env = (name: string) => name === "PW_API_KEY" ? simulator.key : undefined;
    const call = async (args: readonly string[]) => {
      const stdout = bufferedWriter();
      const renamed = withStatuses({ pending, running });
      assert.equal(await runCommandLine(aContext({ args, clock, env, stdout, fetch: renamed })), 0);
      return stdout.text();
    };
    const { slug } = JSON.parse(await call(["run", "two-steps", "--no-wait", "--no-history", "--json"]));
    const shown = await call(["logs", slug, "-f"]);
    assert.equal(shown, "==> main › first <==\none\ntwo\n==> main › second <==\nthree\n");
  });
}

Deno.test("`logs -f` ends with a run that the server calls faulted, once none of its jobs is running", async () => {
  const clock = virtualClock();
  await using simulator = await startSimulator({ clock });
  const env = (name: string) => name === "PW_API_KEY" ? simulator.key : undefined;
  const call = async (args: readonly string[]) => {
    const stdout = bufferedWriter();
    const code = await runCommandLine(
      aContext({ args, clock, env, stdout, fetch: withStatuses({ error: "faulted" }) }),
    );
    return { code, stdout: stdout.text() };
  };
  const { slug } = JSON.parse((await call(["run", "failing-step", "--no-wait", "--no-history", "--json"])).stdout);
  const { code, stdout } = await call(["logs", slug, "-f"]);
  assert.equal(code, 0);
  assert.match(stdout, /'dt' undeclared/);
});

for (
  const [what, ...faults] of [
    ["while its server restarts", { on: "get-run", after: 3, times: 12, cut: "before-effect" }],
    ["with a log that breaks off", { on: "read-file", after: 2, times: 9, body: "truncated" }],
    ["with a page of a gateway in place of the run", { on: "get-run", after: 3, times: 2, body: "html" }],
    ["with a page of a gateway in place of a log", { on: "read-file", after: 2, times: 2, body: "html" }],
    ["with a restarting server that refuses the key once", { on: "get-run", after: 3, status: 401 }],
    ["with a proxy that has lost the server for a moment", { on: "get-run", after: 3, status: 404 }],
    ["with a busy server", { on: "get-run", after: 3, times: 6, status: 503, retryAfter: "20" }],
  ] as const
) {
  for (const options of [[], ["--tail", "5"]]) {
    Deno.test(`\`logs -f ${options.join(" ")}\` ${what} shows every line once`, async () => {
      const clock = virtualClock();
      const workflows = { "two-steps": { yaml: TWO_STEPS, scenario: TWO_STEPS_SCENARIO } };
      await using simulator = await startSimulator({ clock, workflows });
      const call = (...args: readonly string[]) => startMain({ args, key: simulator.key, clock }).end;
      const { slug } = JSON.parse((await call("run", "two-steps", "--no-wait", "--no-history", "--json")).stdout);
      simulator.addFaults(...faults);
      const { code, stdout, stderr } = await call("logs", slug, "-f", ...options);
      assert.equal(code, 0, stderr);
      assert.equal(stdout, "==> main › first <==\none\ntwo\n==> main › second <==\nthree\n", stderr);
      assert.match(stderr, /^Connection lost, still trying: .*\n(.*\n)*Connection restored after \d/m);
      assert.equal(stderr.match(/Connection lost/g)?.length, 1);
    });
  }
}

Deno.test("`logs -f` states where lines are missing: a log was rotated twice while the server did not respond", async () => {
  const clock = virtualClock();
  const yaml = "jobs: { main: { steps: [{ name: print, run: print }] } }";
  const scenario = { "main/print": { logs: [{ after: "1s", times: 60, text: "line ${{ line }}" }] } };
  await using simulator = await startSimulator({
    clock,
    behavior: { logFileBytes: 60 },
    workflows: { print: { yaml, scenario } },
  });
  const call = (...args: readonly string[]) => startMain({ args, key: simulator.key, clock }).end;
  const { slug } = JSON.parse((await call("run", "print", "--no-wait", "--no-history", "--json")).stdout);
  simulator.addFaults({ on: "get-run", after: 5, times: 12, status: 503 });
  const { code, stdout, stderr } = await call("logs", slug, "-f");
  assert.equal(code, 0, stderr);
  assert.ok(stdout.includes("line 60") && !stdout.includes("line 10\n"), stdout);
  const warning = "main › print: lines are missing, because the log was rotated more than once since it was read";
  assert.equal(stderr.split(warning).length, 2, stderr);
});

Deno.test("`logs -f` shows a log that the server shows only after its step has ended", async () => {
  const clock = virtualClock();
  const workflows = { "two-steps": { yaml: TWO_STEPS, scenario: TWO_STEPS_SCENARIO } };
  await using simulator = await startSimulator({ clock, workflows });
  const call = (...args: readonly string[]) => startMain({ args, key: simulator.key, clock }).end;
  const { slug } = JSON.parse((await call("run", "two-steps", "--no-wait", "--no-history", "--json")).stdout);
  simulator.addFaults({ on: "get-run", latencyMs: 6_000 }, { on: "read-file", status: 404 });
  const { code, stdout, stderr } = await call("logs", slug, "-f");
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "==> main › first <==\none\ntwo\n==> main › second <==\nthree\n");
});

Deno.test("`logs -f` gives up when the server stays unreachable", async () => {
  const clock = virtualClock();
  await using simulator = await startSimulator({ clock });
  const call = (...args: readonly string[]) => startMain({ args, key: simulator.key, clock }).end;
  const { slug } = JSON.parse((await call("run", "never-ending", "--no-wait", "--no-history", "--json")).stdout);
  simulator.addFaults({ on: "get-run", after: 3, times: Infinity, cut: "before-effect" });
  const startMs = clock.now();
  const { code, stderr } = await call("logs", slug, "-f");
  assert.equal(code, 8, stderr);
  const waitedMs = clock.now() - startMs;
  assert.ok(waitedMs > 30 * 60_000 && waitedMs < 32 * 60_000, String(waitedMs));
});

interface LogItem {
  readonly log?: string;
  readonly kind?: string;
}

for (const [what, after, texts] of [["a second log", 2, ["one\ntwo\n"]], ["the first log", 0, []]] as const) {
  for (const options of [["--json"], ["--output", "yaml"]]) {
    Deno.test(`\`logs ${options.join(" ")}\` is one document, also where ${what} is refused`, async () => {
      const workflows = { "two-steps": { yaml: TWO_STEPS, scenario: TWO_STEPS_SCENARIO } };
      await using stage = await cliStage({ clock: virtualClock(), workflows });
      await stage.call(["run", "two-steps"]);
      // Of each log, its backup is requested, too.
      stage.simulator.addFaults({ on: "read-file", after, times: 9, status: 403 });
      const { code, stdout } = await stage.call(["logs", "last", ...options]);
      assert.equal(code, 4);
      const document: LogItem | LogItem[] = parse(stdout);
      const items = [document].flat();
      assert.deepEqual(items.flatMap(({ log }) => log ?? []), texts);
      assert.equal(items.at(-1)?.kind, "forbidden");
    });
  }
}

const COLORED =
  "\u001b[01m\u001b[Ksolver.c:42:5:\u001b[m\u001b[K \u001b[01;31m\u001b[Kerror: \u001b[m\u001b[K'dt' undeclared";
const PROGRESS = Array.from({ length: 5_000 }, (_, index) => `\r ${index}/5000 [####] it/s`).join("");
const REDRAWN_LOG = `start\n${PROGRESS}\n${COLORED}\n${"x".repeat(10_000)}\n`;

Deno.test("a redrawn, colored log with long lines is readable wherever it is shown", async () => {
  const clock = virtualClock();
  await using simulator = await startSimulator({ clock });
  const call = (...args: readonly string[]) =>
    startMain({ args, key: simulator.key, clock, fetch: withLog(REDRAWN_LOG) }).end;
  const run = await call("run", "failing-step", "--no-history");
  const slug = simulator.runs()[0]?.slug ?? "";
  const outputs = [run, await call("watch", slug), await call("errors", slug)];
  for (const { stdout, stderr } of outputs) {
    const text = stdout + stderr;
    assert.match(text, /│ {2}4999\/5000 \[####\] it\/s\n/);
    assert.match(text, /│ solver\.c:42:5: error: 'dt' undeclared\n/);
    assert.match(text, /│ x{500}… \(9,500 more characters\)\n/);
    assert.doesNotMatch(text, /\\x1b|\\r|\\x0d/);
  }
  const tail = (await call("logs", slug, "--failed", "--tail", "3")).stdout;
  assert.equal(tail, ` 4999/5000 [####] it/s\nsolver.c:42:5: error: 'dt' undeclared\n${"x".repeat(10_000)}\n`);
  const [step]: { log: string }[] = JSON.parse((await call("logs", slug, "--failed", "--json")).stdout);
  assert.equal(step?.log, REDRAWN_LOG);
});

Deno.test("logs keeps colors on a terminal, and nothing else of a sequence", async () => {
  const clock = virtualClock();
  await using simulator = await startSimulator({ clock });
  const stdout = bufferedWriter({ isTerminal: true });
  const env = (name: string) => name === "PW_API_KEY" ? simulator.key : undefined;
  const call = (...args: readonly string[]) =>
    runCommandLine(aContext({ args, clock, env, stdout, fetch: withLog(`${COLORED}\n`) }));
  await call("run", "failing-step", "--no-history", "--json");
  const before = stdout.text().length;
  assert.equal(await call("logs", simulator.runs()[0]?.slug ?? "", "--failed"), 0);
  assert.equal(
    stdout.text().slice(before),
    "\u001b[01msolver.c:42:5:\u001b[m \u001b[01;31merror: \u001b[m'dt' undeclared\n",
  );
});

/** The same text in place of every log. */
function withLog(text: string): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    const { url } = input instanceof Request ? input : { url: String(input) };
    if (!url.includes("logs.out") || !response.ok) return response;
    await response.body?.cancel();
    return new Response(JSON.stringify(text), response);
  };
}

for (const status of ["error", "failed"]) {
  Deno.test(`logs --failed shows only the steps with the status ${status}`, async () => {
    const clock = virtualClock();
    await using simulator = await startSimulator({ clock, workflows: { "fails-late": FAILS_LATE } });
    const call = (...args: readonly string[]) =>
      startMain({ args, key: simulator.key, clock, fetch: withStepStatus(status) }).end;
    await call("run", "fails-late", "--no-history");
    const slug = simulator.runs()[0]?.slug ?? "";
    assert.match((await call("logs", slug)).stdout, /fine[^]*broken/);
    const { stdout } = await call("logs", slug, "--failed");
    assert.match(stdout, /broken/);
    assert.doesNotMatch(stdout, /fine/);
  });
}

Deno.test("logs of an unknown job or step are refused by name", async () => {
  const clock = virtualClock();
  await using simulator = await startSimulator({ clock });
  const call = (...args: readonly string[]) => startMain({ args, key: simulator.key, clock }).end;
  for (const [option, name] of [["--job", "nope"], ["--step", "nope"]] as const) {
    const { code, stderr } = await call("logs", "hello-world-00046", option, name);
    assert.equal(code, 2);
    assert.match(stderr, /the run has no (job of that name|step of that name or number)/);
  }
});

const FAILS_LATE = {
  yaml: "jobs: { main: { steps: [{ name: first, run: one }, { name: second, run: two }] } }",
  scenario: { "main/first": { logs: ["fine"] }, "main/second": { logs: ["broken"], fails: true } },
};

/** Some servers use another word for a step that failed. */
function withStepStatus(status: string): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    const text = await response.text();
    return new Response(text === "" ? null : text.replaceAll('"status":"error"', `"status":"${status}"`), response);
  };
}

/** Removes the last newline of each log, as after a program that prints a prompt. */
async function withoutLastNewline(input: URL | RequestInfo, init?: RequestInit): Promise<Response> {
  const response = await fetch(input, init);
  const { url } = input instanceof Request ? input : { url: String(input) };
  if (!url.includes("logs.out") || !response.ok) return response;
  return new Response((await response.text()).replace(/\\n"$/, '"'), response);
}

/** Renames what responses have as statuses. */
function withStatuses(names: Readonly<Record<string, string>>): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    const { url } = input instanceof Request ? input : { url: String(input) };
    if (url.includes("logs.out") || !response.ok) return response;
    const text = await response.text();
    const renamed = Object.entries(names).reduce(
      (text, [name, other]) => text.replaceAll(`"status":"${name}"`, `"status":"${other}"`),
      text,
    );
    return new Response(renamed, response);
  };
}
