import assert from "node:assert/strict";
import { SOLVE } from "../support/batch.ts";
import type { RowResult } from "../../lib/batch.ts";
import type { Context } from "../../lib/cli/context.ts";
import { dataOfPage } from "../reports/support/data_of_page.ts";
import { type CallOptions, type CliStage, cliStage } from "../support/cli_stage.ts";
import { bufferedWriter } from "../support/writer.ts";
import { emptyFolder } from "../support/main_job.ts";
import { openStore } from "../store/kv_processes.ts";

const QUICK = ["--poll-interval", "1s"];
/** How the runtime words it. */
const REFUSED = "client error (Connect): tcp connect error: Connection refused (os error 111)";

/** Files that exist only for the command, and what it writes. */
function files(texts: Readonly<Record<string, string>>) {
  const written = new Map<string, string>();
  const context: CallOptions["context"] = {
    readTextFile: (path) =>
      texts[path] === undefined ? Promise.reject(new Deno.errors.NotFound(path)) : Promise.resolve(texts[path]),
    appendFile: (path, text) => void written.set(path, (written.get(path) ?? "") + text),
    replaceFile: (path, text) => Promise.resolve(void written.set(path, text)),
    checkReplaceable: () => Promise.resolve(),
    listFiles: () => Promise.resolve([]),
  };
  return { context, written };
}

const documentOf = async (stage: CliStage, action: string) =>
  JSON.parse((await stage.call(["batch", action, "sweep", "--json"])).stdout);

const aStage = () => cliStage({ workflows: { solve: SOLVE } });

for (const [word, hint] of [["statu", 'Did you mean "status"?'], ["lst", 'Did you mean "list"?'], ["rows.csv", ""]]) {
  Deno.test(`a file ${word} that does not exist ${hint === "" ? "has no hint" : `may be an action: ${hint}`}`, async () => {
    await using stage = await cliStage({});
    const context = { readTextFile: () => Promise.reject(new Deno.errors.NotFound()) };
    const { code, stderr } = await stage.call(["batch", word ?? "", "b1"], { context });
    assert.equal(code, 2);
    assert.match(stderr, /cannot be read: no such file/);
    assert.equal(stderr.includes("Did you mean"), hint !== "");
    assert.ok(stderr.includes(hint ?? ""), stderr);
  });
}

Deno.test("batch runs each row of a file, writes the results, and exits with the most severe code", async () => {
  await using stage = await aStage();
  const { context, written } = files({ "sweep.csv": "n,fails\n1,\n2,true\n3,\n" });
  const words = [
    "batch",
    "sweep.csv",
    "--workflow",
    "solve",
    "--csv",
    "out.csv",
    "--jsonl",
    "out.jsonl",
    "--log",
    "log",
  ];
  const { code, stdout, stderr } = await stage.call([...words, ...QUICK], { context });
  assert.equal(code, 1, stderr);
  assert.match(stdout, /3 rows: 2 completed, 1 failed/);
  assert.match(stdout, /1 × "mesh is broken" \(row 2\)/);
  const lines = (written.get("out.csv") ?? "").split("\r\n");
  assert.equal(lines[0], "row,label,attempt,status,run,started,seconds,in.n,in.fails,out.main.n,error");
  assert.match(lines[2] ?? "", /^2,.*,1,failed,solve-[a-z2-7]{16},.*,2,true,2,mesh is broken$/);
  const results = (written.get("out.jsonl") ?? "").trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(results.map(({ status, in: { n }, out }) => [status, n, out]), [
    ["completed", 1, { main: { n: "1" } }],
    ["failed", 2, { main: { n: "2" } }],
    ["completed", 3, { main: { n: "3" } }],
  ]);
  const logged = (written.get("log") ?? "").trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(logged.filter(({ row }) => row === 2).map(({ state }) => state), ["submitting", "started", "ended"]);
});

Deno.test("a batch counts the rows that --rows does not select apart from those that have ended", async () => {
  await using stage = await aStage();
  const { context } = files({ "sweep.csv": "n\n1\n2\n3\n4\n" });
  const words = ["batch", "sweep.csv", "--workflow", "solve", ...QUICK];
  const first = await stage.call([...words, "--rows", "1"], { context });
  assert.match(first.stderr, /^Batch sweep: 1 run to submit, 3 not selected\n/);
  assert.match(first.stdout, /^ROW.*\n1 .*\n4 rows: 1 completed, 3 not selected\n$/);
  const second = await stage.call([...words, "--rows", "1-2"], { context });
  assert.match(second.stderr, /^Batch sweep: 1 run to submit, 1 not run again, 2 not selected\n(?!.*--rerun)/);
  assert.match(second.stdout, /^ROW.*\n1 .*\n2 .*\n4 rows: 2 completed, 2 not selected\n$/);
  const third = await stage.call([...words, "--rows", "1-2"], { context });
  assert.match(
    third.stderr,
    /^Batch sweep: 0 runs to submit, 2 not run again, 2 not selected\nTo run rows again that have ended: --rerun failed, or --rerun all\n/,
  );
});

Deno.test("the table of a batch leaves out the rows that have never run and that --rows does not select", async () => {
  await using stage = await aStage();
  const stderr = bufferedWriter({ isTerminal: true, columns: 100 });
  const { context } = files({ "sweep.csv": "n\n1\n2\n3\n" });
  const words = ["batch", "sweep.csv", "--workflow", "solve", "--rows", "1", ...QUICK];
  await stage.call(words, { context: { ...context, stderr }, env: { NO_COLOR: "1" } });
  assert.match(stderr.text(), /0 of 1 done/);
  assert.doesNotMatch(stderr.text(), /waiting +n=[23]/);
});

Deno.test("Ctrl-C while a retry waits names no run that continues", async () => {
  let interrupt = (_signal: "SIGINT") => {};
  await using stage = await aStage();
  const { context } = files({ "sweep.csv": "n,fails\n1,true\n" });
  const stderr = bufferedWriter();
  const stopping: CallOptions["context"] = {
    ...context,
    stderr: {
      ...stderr,
      write(text) {
        stderr.write(text);
        if (text.includes("attempt 2 follows")) interrupt("SIGINT");
      },
    },
    onSignal(callback) {
      interrupt = callback;
      return { [Symbol.dispose]: () => {} };
    },
  };
  const words = ["batch", "sweep.csv", "--workflow", "solve", "--retries", "1", "--retry-on", "any", ...QUICK];
  const { code } = await stage.call(words, { context: stopping });
  assert.equal(code, 130);
  assert.match(stderr.text(), /\nNo more submissions\. The same command continues the batch\n$/);
});

Deno.test("a --retry-on that would search an error for years is stopped, and the row is not retried", async () => {
  const logs = [`::error::${"a".repeat(60)}b`];
  const scenario = { ...SOLVE.scenario, "main/check": { fails: true, logs } };
  await using stage = await cliStage({ workflows: { solve: { ...SOLVE, scenario } } });
  const { context } = files({ "sweep.csv": "n,fails\n1,true\n" });
  const words = ["batch", "sweep.csv", "--workflow", "solve", "--retries", "1", "--retry-on", "^(a+)+$", ...QUICK];
  const { code, stderr } = await stage.call(words, { context });
  assert.equal(code, 1, stderr);
  assert.equal(stage.simulator.received("submit").length, 1);
  assert.match(stderr, /--retry-on \^\(a\+\)\+\$ takes too long for an error: not retried/);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`a batch that is stopped by ${signal} while it plans submits nothing`, async () => {
    let stop = (_signal: typeof signal) => {};
    await using stage = await aStage();
    const { context } = files({ "sweep.csv": "n\n1\n2\n" });
    const stderr = bufferedWriter();
    const stopping: CallOptions["context"] = {
      ...context,
      stderr: {
        ...stderr,
        write(text) {
          stderr.write(text);
          if (text.includes("2 runs to submit")) stop(signal);
        },
      },
      onSignal(callback) {
        stop = callback;
        return { [Symbol.dispose]: () => {} };
      },
    };
    const { code } = await stage.call(["batch", "sweep.csv", "--workflow", "solve", ...QUICK], { context: stopping });
    assert.equal(code, signal === "SIGINT" ? 130 : 143, stderr.text());
    assert.equal(stage.simulator.received("submit").length, 0);
  });
}

Deno.test("a batch whose rows come from stdin needs a name", async () => {
  await using stage = await aStage();
  const context: CallOptions["context"] = { stdin: { isTerminal: false, readText: () => Promise.resolve("n\n1\n") } };
  const { code, stderr } = await stage.call(["batch", "-", "--workflow", "solve"], { context });
  assert.equal(code, 2);
  assert.equal(stderr, "✗ Cannot name this batch: its rows do not come from a file\n  Name it: --name TEXT\n");
});

for (
  const [other, named] of [
    [["--jsonl", "a"], "a"],
    [["--jsonl", "./a"], "./a"],
    [["--report", "html=a"], "a"],
    [["--log", "a"], "a"],
  ] as const
) {
  Deno.test(`batch --csv a ${other.join(" ")} is refused before anything is sent`, async () => {
    await using stage = await aStage();
    const { context, written } = files({ "sweep.csv": "n\n1\n" });
    const words = ["batch", "sweep.csv", "--workflow", "solve", "--csv", "a", ...other];
    const { code, stderr } = await stage.call(words, { context });
    assert.equal(code, 2);
    assert.equal(stderr, `✗ Cannot write two outputs to ${named}\n  Give each its own file\n`);
    assert.equal(stage.simulator.received("submit").length, 0);
    assert.deepEqual([...written], []);
  });
}

for (
  const [words, output] of [
    [["batch", "sweep.csv", "--workflow", "solve", "-i", "note=@note.txt"], ["--csv", "note.txt"]],
    [["batch", "cases.yaml"], ["--jsonl", "cases/one.json"]],
    [["run", "solve", "--matrix", "n=1,2", "-i", "note=@note.txt"], ["--log", "./note.txt"]],
  ] as const
) {
  Deno.test(`${[...words, ...output].join(" ")} is refused: it would replace a file of values`, async () => {
    await using stage = await aStage();
    const { context, written } = files({
      "sweep.csv": "n\n1\n",
      "note.txt": "text",
      "cases.yaml": "workflow: solve\nfrom: cases/*.json\n",
      "cases/one.json": '{"n": 1}',
    });
    const listFiles = (folder: string) => Promise.resolve(folder === "cases" ? ["cases/one.json"] : []);
    const { code, stderr } = await stage.call([...words, ...output], { context: { ...context, listFiles } });
    assert.equal(code, 2);
    assert.match(stderr, /^✗ Cannot write \S+: the command reads this file\n {2}Choose another file\n$/);
    assert.equal(stage.simulator.received("submit").length, 0);
    assert.deepEqual([...written].filter(([, text]) => text !== ""), []);
  });
}

for (const output of [["--csv", "./sweep.csv"], ["--log", "base.json"], ["--report", "html=x/../sweep.csv"]]) {
  Deno.test(`batch sweep.csv -i base.json ${output.join(" ")} is refused: it would replace what it reads`, async () => {
    await using stage = await aStage();
    const { context, written } = files({ "sweep.csv": "n\n1\n", "base.json": "{}" });
    const words = ["batch", "sweep.csv", "--workflow", "solve", "-i", "base.json", ...output];
    const { code, stderr } = await stage.call(words, { context });
    assert.equal(code, 2);
    assert.match(stderr, /^✗ Cannot write \S+: the command reads this file\n {2}Choose another file\n$/);
    assert.equal(stage.simulator.received("submit").length, 0);
    assert.deepEqual([...written], []);
  });
}

Deno.test("batch prints one JSON document", async () => {
  await using stage = await aStage();
  const { context } = files({ "sweep.yaml": "workflow: solve\nrows:\n  - inputs: { n: 1 }\n  - inputs: { n: 2 }\n" });
  const { stdout } = await stage.call(["batch", "sweep.yaml", "--json", ...QUICK], { context });
  const document = JSON.parse(stdout);
  assert.deepEqual(Object.keys(document).sort(), [
    ...["batchId", "counts", "exitCode", "failureGroups", "kind", "name", "rows", "submitted"],
  ]);
  assert.deepEqual([document.name, document.counts, document.exitCode, document.kind, document.submitted], [
    "sweep",
    { completed: 2 },
    0,
    "completed",
    "yes",
  ]);
  assert.equal(document.rows[0].slug, document.rows[0].run);
});

Deno.test("a batch that cannot reach the server names that as the reason, and no limit", async () => {
  await using stage = await aStage();
  const { context } = files({ "sweep.csv": "n\n1\n2\n" });
  let refused = 0;
  const refuse: typeof fetch = (input, init) => {
    const isSubmit = new Request(input, init).method === "POST";
    return isSubmit && ++refused <= 2 ? Promise.reject(new TypeError(REFUSED)) : fetch(input, init);
  };
  const words = ["batch", "sweep.csv", "--workflow", "solve", ...QUICK];
  const { code, stderr } = await stage.call(words, { context: { ...context, fetch: refuse } });
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^Running 1 at a time for now: Cannot submit solve: .*refused/m);
  assert.doesNotMatch(stderr, /limit/);
});

Deno.test("batch reports every problem with its row and line, and sends nothing", async () => {
  await using stage = await aStage();
  const { context } = files({ "sweep.csv": "n,fails\n1,\nmany,\n3,perhaps\n" });
  const { code, stderr } = await stage.call(["batch", "sweep.csv", "--workflow", "solve"], { context });
  assert.equal(code, 2);
  assert.match(stderr, /sweep\.csv:3 +n +.*many/);
  assert.match(stderr, /sweep\.csv:4 +fails +.*perhaps/);
  assert.equal(stage.simulator.received("submit").length, 0);
});

Deno.test("a batch warns of inputs that the workflow does not have, once for all rows that have them", async () => {
  await using stage = await aStage();
  const call = ["run", "solve", "--matrix", "fials=one,two", ...QUICK];
  const { code, stderr } = await stage.call(call);
  assert.equal(code, 0);
  assert.match(stderr, /^! --matrix {2}fials {2}unknown field: did you mean "fails"\? \(2 rows\)$/m);
  assert.equal((await stage.call([...call, "--strict"])).code, 2);
  const invalid = await stage.call(["run", "solve", "--matrix", "fials=one,two", "--matrix", "n=1,many", ...QUICK]);
  assert.equal(invalid.code, 2);
  assert.match(invalid.stderr, /^ {2}! --matrix {2}fials {2}unknown field: .* \(4 rows\)$/m);
});

Deno.test("the same command again submits nothing; an edited file shows its plan and submits what is new", async () => {
  await using stage = await aStage();
  const words = ["batch", "sweep.csv", "--workflow", "solve", ...QUICK];
  const first = files({ "sweep.csv": "n\n1\n2\n3\n" });
  await stage.call(words, first);
  await stage.call(words, first);
  assert.equal(stage.simulator.runs().length, 3);
  assert.doesNotMatch((await stage.call(words, first)).stderr, /kept/);
  const edited = files({ "sweep.csv": "n\n1\n2\n7\n8\n" });
  const dry = await stage.call([...words, "--dry-run", "--json"], edited);
  assert.deepEqual(JSON.parse(dry.stdout).actions, ["keep", "keep", "submit", "submit"]);
  const plan = await stage.call([...words, "--dry-run"], edited);
  assert.match(plan.stdout, /^ROW +ACTION +LABEL +WHY\n1 +keep +n=1 +same inputs\n/);
  assert.match(plan.stdout, /\n +leave +\S+ +no longer in the file, was row 3 \(completed\)\n/);
  assert.equal(stage.simulator.runs().length, 3);
  const { stderr, stdout } = await stage.call(words, edited);
  assert.match(stderr, /Batch sweep: 2 kept · 2 new · 1 no longer in the file, left alone/);
  assert.equal(stage.simulator.runs().length, 5);
  assert.match(stdout, /4 rows: 4 completed/);
});

Deno.test("the same command on another machine starts nothing, and states that", async () => {
  await using stage = await aStage();
  await using other = await emptyFolder();
  const { context } = files({ "sweep.csv": "n,fails\n1,\n2,true\n" });
  const words = ["batch", "sweep.csv", "--workflow", "solve", ...QUICK];
  const first = await stage.call(words, { context });
  assert.doesNotMatch(first.stderr, /already/);
  const { code, stderr } = await stage.call([...words, "--rerun", "all"], {
    context,
    env: { PW_STATE_DIR: other.path },
  });
  assert.equal(code, 1, stderr);
  assert.match(
    stderr,
    /^Nothing was submitted for 2 rows: another process or machine had already started this batch, or its history was removed\. .* --rerun all, .* --name$/m,
  );
  assert.equal(stage.simulator.received("submit").length, 2);
});

Deno.test("a row whose retry another machine started does not count as one for which nothing was submitted", async () => {
  await using stage = await aStage();
  await using other = await emptyFolder();
  const { context } = files({ "sweep.csv": "n,fails\n1,true\n" });
  const words = ["batch", "sweep.csv", "--workflow", "solve", "--retries", "1", "--retry-on", "any", ...QUICK];
  let others: Promise<unknown> | undefined;
  const fetchAfterOther: typeof fetch = async (input, init) => {
    if (stage.simulator.runs()[0]?.status === "error") {
      await (others ??= stage.call(words, { context, env: { PW_STATE_DIR: other.path } }));
    }
    return await fetch(input, init);
  };
  const { code, stderr } = await stage.call(words, { context: { ...context, fetch: fetchAfterOther } });
  assert.equal(code, 1, stderr);
  assert.equal(stage.simulator.received("submit").length, 2);
  assert.doesNotMatch(stderr, /Nothing was submitted/);
});

Deno.test("a batch on another machine names the run that has a row's place with other defaults, and no key", async () => {
  const yaml = SOLVE.yaml.replace("text: { type: string, optional: true }", "text: { type: string, default: one }");
  await using stage = await cliStage({ workflows: { solve: { ...SOLVE, yaml } } });
  await using other = await emptyFolder();
  const { context } = files({ "sweep.csv": "n\n1\n" });
  const words = ["batch", "sweep.csv", "--workflow", "solve", ...QUICK];
  await stage.call(words, { context });
  const env = { PW_STATE_DIR: other.path };
  const { code, stderr } = await stage.call([...words, "--no-defaults"], { context, env });
  assert.equal(code, 2);
  assert.match(stderr, /Cannot submit solve: its row was run with different inputs, by run solve-\w+: the form or /);
  assert.equal(stage.simulator.runs().length, 1);
});

Deno.test("a batch that another process continues with an edited file ends with the results of its own rows", async () => {
  const scenario = { "main/solve": { lasts: "forever" } };
  await using stage = await cliStage({ workflows: { solve: { ...SOLVE, scenario } } });
  const words = ["batch", "sweep.csv", "--workflow", "solve", ...QUICK];
  const { promise: areStarted, resolve } = Promise.withResolvers<void>();
  const { context } = files({ "sweep.csv": "n\n1\n2\n" });
  const appendFile = (_path: string, text: string) => {
    if (/"row":2.*"state":"started"/.test(text)) resolve();
  };
  const first = stage.call([...words, "--log", "log"], { context: { ...context, appendFile } });
  await areStarted;
  const other = await stage.call([...words, "--deadline", "5s"], files({ "sweep.csv": "n\n3\n" }));
  assert.equal(other.code, 124, other.stderr);
  for (const { slug } of stage.simulator.runs()) stage.simulator.overrideStatus(slug, "completed");
  const { code, stdout, stderr } = await first;
  assert.match(stdout, /\n2 rows: 2 completed\n/, stderr);
  assert.equal(code, 0);
  assert.equal((await documentOf(stage, "results")).rows.length, 1);
});

Deno.test("the table of a batch that is continued shows how its rows ended before, also those that are left alone", async () => {
  await using stage = await aStage();
  const words = ["batch", "sweep.csv", "--workflow", "solve", ...QUICK];
  await stage.call(words, files({ "sweep.csv": "n,fails\n1,\n2,true\n" }));
  const stderr = bufferedWriter({ isTerminal: true, columns: 100 });
  const { context } = files({ "sweep.csv": "n,fails\n1,\n2,true\n3,\n" });
  await stage.call([...words, "--rows", "3"], { context: { ...context, stderr }, env: { NO_COLOR: "1" } });
  const first = stderr.text().split("\n").slice(0, 8).join("\n");
  assert.match(first, /2 of 3 done/);
  assert.match(first, /^1 +completed +1\ds +n=1$/m);
  assert.match(first, /^2 +failed +1\ds +n=2 .*mesh is broken$/m);
  assert.doesNotMatch(stderr.text(), /without an error message/);
});

for (
  const [option, message, PW_TIMEOUT] of [
    ["--on-timeout keep", /Cannot use PW_TIMEOUT: not a duration: "soon"/, "soon"],
    ["--max-failures 0", /--max-failures: must be a number above 0, or a percentage like 10%: got "0"/],
    ["--max-failures 10x", /--max-failures: must be a number above 0/],
    ["--rows 3-1", /--rows: must be row numbers like 4,8,15-20: got "3-1"/],
    ["--rows 1,4-5", /Cannot use --rows 1,4-5: sweep has 2 rows/],
  ] as const
) {
  Deno.test(`batch refuses ${PW_TIMEOUT ?? option} before it cancels or submits anything`, async () => {
    const scenario = { "main/solve": { lasts: "forever" } };
    await using stage = await cliStage({ workflows: { solve: { ...SOLVE, scenario } } });
    const { context } = files({ "sweep.csv": "n\n1\n2\n" });
    const words = ["batch", "sweep.csv", "--workflow", "solve", ...QUICK];
    await stage.call([...words, "--deadline", "60s"], { context });
    const again = [...words, "--rerun", "all", "--cancel-running", ...option.split(" ")];
    const { code, stderr } = await stage.call(again, { context, env: PW_TIMEOUT === undefined ? {} : { PW_TIMEOUT } });
    assert.equal(code, 2, stderr);
    assert.match(stderr, message);
    assert.equal(stage.simulator.received("cancel-run").length, 0);
    assert.equal(stage.simulator.runs().length, 2);
  });
}

Deno.test("a row with an id is recognized when its inputs change", async () => {
  await using stage = await aStage();
  const words = ["batch", "sweep.csv", "--workflow", "solve", ...QUICK];
  await stage.call(words, files({ "sweep.csv": "id,n\na,1\nb,2\n" }));
  const { stderr } = await stage.call(words, files({ "sweep.csv": "id,n\na,1\nb,5\n" }));
  assert.match(stderr, /1 kept · 1 changed: n 2 → 5/);
  assert.equal(stage.simulator.runs().length, 3);
});

for (
  const [what, before, first, after, want] of [
    ["that is alone now", "a,1\nb,1", "--rows=1", "b,1", ["completed 2"]],
    ["that comes first now", "a,1\nb,1", "--rows=1", "b,1\na,1", ["completed 2", "completed 1"]],
    ["after a new one", "a,1\nb,1", "--rows=2", "c,1\nb,1", ["completed 2", "completed 1"]],
  ] as const
) {
  Deno.test(`a row with an id ${what} has its own run, and not that of a row with the same inputs`, async () => {
    await using stage = await aStage();
    const words = ["batch", "sweep.csv", "--workflow", "solve", "--jobs", "1", ...QUICK];
    await stage.call([...words, first], files({ "sweep.csv": `id,n\n${before}\n` }));
    const edited = files({ "sweep.csv": `id,n\n${after}\n` });
    await stage.call(words, edited);
    const order = stage.simulator.runs().map(({ slug }) => slug);
    const rows = (): Promise<readonly Pick<RowResult, "status" | "run">[]> =>
      documentOf(stage, "results").then(({ rows }) => rows);
    const found = await rows();
    assert.deepEqual(found.map(({ status, run }) => `${status} ${order.indexOf(run ?? "") + 1}`), want);
    const again = await stage.call(words, edited);
    assert.match(again.stderr, new RegExp(`^Batch sweep: 0 runs to submit, ${found.length} not run again`));
    assert.deepEqual(await rows(), found);
  });
}

Deno.test("a row with an id whose inputs change while its run continues shares that with no other row", async () => {
  await using stage = await aStage();
  const words = ["batch", "sweep.csv", "--workflow", "solve", "--jobs", "1", ...QUICK];
  const { context } = files({ "sweep.csv": "id,n\na,1\nb,2\n" });
  await stage.call([...words, "--rows", "2"], { context });
  await stage.call([...words, "--rows", "1", "--deadline", "3s"], { context });
  const { stderr } = await stage.call(words, files({ "sweep.csv": "id,n\na,2\nb,1\n" }));
  assert.match(stderr, /\n1 changed row still runs with its earlier inputs: repeat the command when that has ended\n/);
  const order = stage.simulator.runs().map(({ slug }) => slug);
  const { rows } = await documentOf(stage, "results");
  assert.deepEqual(rows.map(({ run }: RowResult) => order.indexOf(run ?? "") + 1), [2, 3]);
});

Deno.test("a row whose inputs change before it is sent is never sent as it was", async () => {
  await using stage = await aStage();
  stage.simulator.addFaults({ on: "submit", status: 429, times: 3 });
  const words = ["batch", "sweep.csv", "--workflow", "solve", ...QUICK];
  const before = files({ "sweep.csv": "id,n\na,1\n" });
  assert.equal((await stage.call([...words, "--deadline", "5s"], before)).code, 124);
  const finished = async () =>
    (await stage.submissions()).flatMap(({ state, request }) => state === "finished" ? [request.inputs?.["n"]] : []);
  const { stderr } = await stage.call(words, files({ "sweep.csv": "id,n\na,2\n" }));
  assert.match(stderr, /^Batch sweep: 1 changed: n 1 → 2\nBatch sweep: 1 run to submit\n/);
  assert.deepEqual(await finished(), [2]);
  // An edit brings it back.
  const again = await stage.call(words, before);
  assert.match(again.stderr, /Batch sweep: 1 run to submit\n/);
  assert.deepEqual((await finished()).toSorted(), [1, 2]);
});

Deno.test("rows that were not asked for do not make a batch incomplete", async () => {
  await using stage = await aStage();
  const words = ["batch", "sweep.csv", "--workflow", "solve", ...QUICK];
  const { context } = files({ "sweep.csv": "n,fails\n1,\n2,\n3,true\n" });
  assert.equal((await stage.call([...words, "--rows", "1-2"], { context })).code, 0);
  assert.equal(stage.simulator.runs().length, 2);
  assert.equal((await stage.call([...words, "--rows", "3"], { context })).code, 1);
  assert.equal(stage.simulator.runs().length, 3);
});

Deno.test("the exit code of --rows is that of the rows that were asked for", async () => {
  await using stage = await aStage();
  const words = ["batch", "sweep.csv", "--workflow", "solve", "--json", ...QUICK];
  const { context } = files({ "sweep.csv": "n,fails\n1,true\n2,\n3,\n" });
  const end = async (...more: readonly string[]) => {
    const { code, stdout } = await stage.call([...words, ...more], { context });
    const { exitCode, kind, counts } = JSON.parse(stdout);
    assert.equal(code, exitCode);
    return [code, kind, counts.failed];
  };
  assert.deepEqual(await end("--rows", "1"), [1, "failed", 1]);
  assert.deepEqual(await end("--rows", "2-3"), [0, "completed", 1]);
  // All rows were asked for, and nothing is left to run.
  assert.deepEqual(await end(), [1, "failed", 1]);
  assert.equal(stage.simulator.runs().length, 3);
});

Deno.test("--rerun runs the failed rows again, --rows only some, and attempts are counted", async () => {
  await using stage = await aStage();
  const words = ["batch", "sweep.csv", "--workflow", "solve", ...QUICK];
  const { context } = files({ "sweep.csv": "n,fails\n1,\n2,true\n3,true\n" });
  await stage.call(words, { context });
  const { stdout } = await stage.call([...words, "--rerun", "failed", "--rows", "2", "--json"], { context });
  const rows: { attempt: number }[] = JSON.parse(stdout).rows;
  assert.deepEqual(rows.map(({ attempt }) => attempt), [1, 2, 1]);
  assert.equal(stage.simulator.runs().length, 4);
});

Deno.test("--rerun changed runs rows whose workflow file has changed, which is otherwise only reported", async () => {
  await using stage = await aStage();
  const words = ["batch", "sweep.csv", "--workflow", "solve", ...QUICK];
  const { context } = files({ "sweep.csv": "n\n1\n2\n" });
  await stage.call(words, { context });
  const { stderr } = await stage.call([...words, "--rerun", "changed"], { context });
  assert.doesNotMatch(stderr, /has changed/);
  assert.equal(stage.simulator.runs().length, 2);
});

Deno.test("--rerun changed goes on with the rows that a stopped call has not run with the changed workflow", async () => {
  await using stage = await aStage();
  const { context } = files({ "sweep.csv": "n,fails\n1,true\n2,\n3,\n" });
  const words = ["batch", "sweep.csv", "--workflow", "solve", "--jobs", "1", ...QUICK];
  await stage.call(words, { context });
  const withLabel: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    if (!/\/workflows\/solve$/.test(response.url)) return response;
    return Response.json(JSON.parse((await response.text()).replace('"type":"number"', '"label":"N","type":"number"')));
  };
  const changed = { context: { ...context, fetch: withLabel } };
  assert.match(
    (await stage.call(words, changed)).stderr,
    /^Workflow solve has changed since 3 rows ran: --rerun changed$/m,
  );
  const again = [...words, "--rerun", "changed"];
  assert.match((await stage.call([...again, "--max-failures", "1"], changed)).stderr, /^Stopped early: max-failures/m);
  assert.match(
    (await stage.call(words, changed)).stderr,
    /^Workflow solve has changed since 2 rows ran: --rerun changed$/m,
  );
  assert.match((await stage.call(again, changed)).stderr, /^Batch sweep: 2 runs to submit, 1 not run again$/m);
  assert.match((await stage.call(again, changed)).stderr, /^Batch sweep: 0 runs to submit, 3 not run again$/m);
  assert.equal(stage.simulator.runs().length, 6);
});

const FOREVER = { ...SOLVE, scenario: { "main/solve": { lasts: "forever" } } };

Deno.test("--cancel-running runs nothing beside a run that is not known yet", async () => {
  await using stage = await cliStage({ workflows: { solve: FOREVER } });
  const words = ["batch", "sweep.csv", "--workflow", "solve", "--deadline", "20s", ...QUICK];
  const again = [...words, "--rerun", "all", "--cancel-running"];
  const given = files({ "sweep.csv": "id,n\na,1\n" });
  const changed = files({ "sweep.csv": "id,n\na,2\n" });
  const lossy: typeof fetch = (input, init) =>
    stage.simulator.runs().length > 0 ? Promise.reject(new TypeError(REFUSED)) : fetch(input, init);
  stage.simulator.addFaults({ on: "submit", cut: "after-effect" });
  await stage.call(words, { context: { ...given.context, fetch: lossy } });
  assert.match((await stage.call([...again, "--dry-run"], given)).stderr, /: 0 runs to submit, 1 still running\n/);
  assert.match((await stage.call(again, changed)).stdout, /1 row: 1 running/);
  assert.equal(stage.simulator.runs().length, 1);
  // Now it can be cancelled.
  assert.match((await stage.call(again, changed)).stderr, /^Row 1: cancelled solve-/m);
  assert.deepEqual(stage.simulator.runs().map(({ status }) => status), ["canceled", "running"]);
});

Deno.test("--cancel-running cancels the runs of changed rows, also after a call that could not", async () => {
  await using stage = await cliStage({ workflows: { solve: FOREVER } });
  const words = ["batch", "sweep.csv", "--workflow", "solve", "--deadline", "60s", ...QUICK];
  await stage.call(words, files({ "sweep.csv": "id,n\na,1\nb,2\n" }));
  const changed = files({ "sweep.csv": "id,n\na,3\nb,4\n" });
  const again = [...words, "--rerun", "all", "--cancel-running"];
  stage.simulator.addFaults({ on: "cancel-run", after: 1, status: 403 });
  assert.notEqual((await stage.call(again, changed)).code, 124);
  assert.equal(stage.simulator.runs().length, 2);
  await stage.call(again, changed);
  const statuses = stage.simulator.runs().map(({ status }) => status);
  assert.deepEqual(statuses, ["canceled", "canceled", "running", "running"]);
});

Deno.test("--cancel-running also cancels the run of a row whose inputs are again those of an earlier run", async () => {
  await using stage = await cliStage({ workflows: { solve: FOREVER } });
  const call = (n: number, ...words: readonly string[]) =>
    stage.call(["batch", "sweep.csv", "--workflow", "solve", "--deadline", "60s", ...QUICK, ...words], {
      ...files({ "sweep.csv": `id,n\na,${n}\n` }),
    });
  await call(1);
  stage.simulator.cancelExternally(stage.simulator.runs()[0]?.slug ?? "");
  await call(1);
  await call(2);
  await call(1, "--rerun", "all", "--cancel-running");
  const statuses = stage.simulator.runs().map(({ status }) => status);
  assert.deepEqual(statuses, ["canceled", "canceled", "running"]);
});

Deno.test("--cancel-running leaves the run of a changed row alone that --rows does not name, and the next call tracks it", async () => {
  await using stage = await cliStage({ workflows: { solve: FOREVER } });
  const call = (n: number, ...words: readonly string[]) =>
    stage.call(["batch", "sweep.csv", "--workflow", "solve", "--deadline", "60s", ...QUICK, ...words], {
      ...files({ "sweep.csv": `id,n\na,${n}\nb,2\n` }),
    });
  await call(1);
  await call(3, "--rerun", "all", "--cancel-running", "--rows", "2");
  await call(3);
  const statuses = stage.simulator.runs().map(({ status }) => status);
  assert.deepEqual(statuses, ["running", "canceled", "running"]);
});

Deno.test("the plan of a batch names the failed rows that --retries submits again, and counts them", async () => {
  await using stage = await aStage();
  const { context } = files({ "sweep.csv": "fails\ntrue\nfalse\n" });
  const words = ["batch", "sweep.csv", "--workflow", "solve", ...QUICK];
  await stage.call(words, { context });
  const again = [...words, "--retries", "1", "--retry-on", "any"];
  const plan = await stage.call([...again, "--dry-run"], { context });
  assert.match(plan.stderr, /^Batch sweep: 1 run to submit, 1 not run again\n$/);
  assert.match(plan.stdout, /^1 +rerun .*\n2 +keep /m);
  assert.match((await stage.call(again, { context })).stderr, /^Batch sweep: 1 run to submit, 1 not run again\n/);
  assert.equal(stage.simulator.runs().length, 3);
  assert.match((await stage.call(again, { context })).stderr, /^Batch sweep: 0 runs to submit, 2 not run again\n/);
  assert.equal(stage.simulator.runs().length, 3);
});

Deno.test("more than 100 runs are submitted only with a yes", async () => {
  await using stage = await aStage();
  const rows = Array.from({ length: 101 }, (_, index) => index).join("\n");
  const { context } = files({ "sweep.csv": `n\n${rows}\n` });
  const { code, stderr } = await stage.call(["batch", "sweep.csv", "--workflow", "solve"], { context });
  assert.equal(code, 2);
  assert.match(stderr, /--yes/);
  assert.equal(stage.simulator.received("submit").length, 0);
});

for (
  const [name, options, expected] of [
    ["a deadline", ["--deadline", "5s", "--jobs", "1"], 124],
    ["the first failure", ["--until", "fail-fast", "--jobs", "1"], 1],
    ["the first success", ["--until", "any", "--jobs", "1"], 0],
    ["a timeout", ["--timeout", "3s", "--on-timeout", "cancel"], 124],
  ] as const
) {
  Deno.test(`a batch that ends by ${name} exits with ${expected}`, async () => {
    await using stage = await aStage();
    const text = name === "the first failure" ? "n,fails\n1,true\n2,\n" : "n\n1\n2\n";
    const isSlow = name === "a timeout";
    const words = ["batch", "sweep.csv", "--workflow", isSlow ? "never-ending" : "solve", ...QUICK, ...options];
    const { code, stderr } = await stage.call(words, files({ "sweep.csv": isSlow ? "name\na\nb\n" : text }));
    assert.equal(code, expected, stderr);
    if (!isSlow) assert.equal(stage.simulator.runs().length, 1);
    const hint = /\nRuns continue\. The same command tracks them and submits the rest\n$/;
    assert.equal(hint.test(stderr), name === "a deadline", stderr);
  });
}

Deno.test("after the success that --until any waits for, the same command submits nothing, until rows are asked for", async () => {
  await using stage = await aStage();
  const call = (...words: readonly string[]) =>
    stage.call(["batch", "sweep.csv", "--workflow", "solve", "--jobs", "1", ...QUICK, ...words], {
      ...files({ "sweep.csv": "n\n1\n2\n3\n" }),
    });
  assert.equal((await call("--until", "any")).code, 0);
  const dry = await call("--until", "any", "--dry-run");
  assert.match(dry.stdout, /^2 +leave /m);
  const again = await call("--until", "any", "--json");
  assert.equal(again.code, 0, again.stderr);
  assert.equal(stage.simulator.runs().length, 1);
  const { exitCode, stopped, counts } = JSON.parse(again.stdout);
  assert.deepEqual([exitCode, stopped.reason, counts], [0, "any", { completed: 1, waiting: 2 }]);
  await call("--until", "any", "--rerun", "all");
  assert.equal(stage.simulator.runs().length, 2);
  assert.equal((await call()).code, 0);
  assert.equal(stage.simulator.runs().length, 4);
});

Deno.test("only a batch that leaves rows has stopped early", async () => {
  await using stage = await aStage();
  const call = async (rows: string, ...words: readonly string[]) => {
    const all = [
      "batch",
      "sweep.csv",
      "--workflow",
      "solve",
      "--jobs",
      "1",
      ...QUICK,
      "--name",
      `${rows} ${words}`,
      ...words,
    ];
    return (await stage.call(all, files({ "sweep.csv": `n,fails\n${rows}\n` }))).stderr;
  };
  for (const words of [["--until", "any"], ["--until", "fail-fast"], ["--max-failures", "1"]]) {
    const row = words[1] === "any" ? "1," : "2,true";
    assert.match(await call(`${row}\n3,`, ...words), /^Stopped early: /m);
    assert.doesNotMatch(await call(row, ...words), /Stopped early/);
  }
});

Deno.test("batch status --exit-status is 8 while rows wait or run and none has failed", async () => {
  await using stage = await aStage();
  const call = (...words: readonly string[]) =>
    stage.call(["batch", "sweep.csv", "--workflow", "solve", "--jobs", "1", ...QUICK, ...words], {
      ...files({ "sweep.csv": "n\n1\n2\n" }),
    });
  const status = async () => {
    const { stdout, code } = await stage.call(["batch", "status", "sweep", "--exit-status", "--json"]);
    const { kind, exitCode, counts } = JSON.parse(stdout);
    assert.equal(exitCode, code);
    return [code, kind, counts];
  };
  await call("--rows", "1", "--deadline", "5s");
  assert.deepEqual(await status(), [8, "not_submitted", { running: 1, waiting: 1 }]);
  await call("--rows", "1");
  assert.deepEqual(await status(), [8, "not_submitted", { completed: 1, waiting: 1 }]);
  await call("--deadline", "5s");
  assert.deepEqual(await status(), [8, "running", { completed: 1, running: 1 }]);
  await call();
  assert.deepEqual(await status(), [0, "completed", { completed: 2 }]);
});

Deno.test("a batch knows how its rows have ended after their runs were pruned from the history", async () => {
  await using stage = await aStage();
  const call = (...words: readonly string[]) =>
    stage.call(["batch", "sweep.csv", "--workflow", "solve", ...QUICK, ...words], {
      ...files({ "sweep.csv": "n,fails\n1,\n2,true\n3,\n" }),
    });
  await call("--rows", "1,2");
  assert.match((await stage.call(["history", "prune", "--since", "1s"])).stdout, /^Removed 2 records/);
  const { code, stdout } = await stage.call(["batch", "status", "sweep", "--exit-status"]);
  assert.deepEqual([code, stdout.split("\n")[0]], [1, "sweep: 3 rows: 1 completed, 1 failed, 1 waiting"]);
  const again = await call();
  assert.match(again.stderr, /1 run to submit, 2 not run again/);
  assert.equal(stage.simulator.runs().length, 3);
  await call("--rerun", "failed");
  assert.equal(stage.simulator.runs().length, 4);
  assert.deepEqual((await documentOf(stage, "results")).rows.map(({ attempt }: RowResult) => attempt), [1, 2, 1]);
});

const LEGACY = { apiVersion: "legacy", legacyRead: "run" } as const;

for (const [what, behavior] of [["row", {}], ["case", {}], ["row", LEGACY], ["case", LEGACY]] as const) {
  const server = behavior === LEGACY ? " on a server without slugs" : "";
  Deno.test(`the same command starts no second run of a ${what}${server} whose record is damaged`, async () => {
    await using stage = await cliStage({ workflows: { solve: FOREVER }, behavior });
    await using folder = await emptyFolder();
    const suite = "version: 1\ncases: [{ name: a, workflow: solve, inputs: { n: 1 } }]\n";
    const { context } = files({ "sweep.csv": "n\n1\n", "a.suite.yaml": suite });
    // A suite cancels its runs at a deadline.
    let pollsLeft = what === "case" ? 3 : Infinity;
    const lossy: typeof fetch = (input, init) =>
      stage.simulator.runs().length > 0 && pollsLeft-- <= 0
        ? Promise.reject(new TypeError(REFUSED))
        : fetch(input, init);
    const call = (...words: readonly string[]) =>
      stage.call(words, { context: { ...context, fetch: lossy }, env: { PW_STATE_DIR: folder.path } });
    const command = what === "row"
      ? ["batch", "sweep.csv", "--workflow", "solve", "--deadline", "60s", ...QUICK]
      : ["test", "a.suite.yaml", "--unreachable-timeout", "5s"];
    await call(...command);
    {
      await using kv = openStore(`${folder.path}/history.db`);
      for await (const { key } of kv.list({ prefix: ["submission"] })) await kv.atomic().set(key, {}).commit();
    }
    pollsLeft += 20;
    const { stderr } = await call(...command, ...what === "case" ? ["--resume"] : []);
    assert.match(stderr, /record of submission \w+ in the run store is damaged/);
    assert.equal(stage.simulator.runs().length, 1);
    if (what === "case" || behavior !== LEGACY) return;
    // Nothing leads to its run any more.
    assert.doesNotMatch(stderr, /Runs continue/);
    const { stdout, code } = await call("batch", "status", "sweep", "--exit-status");
    assert.deepEqual([code, stdout.split("\n")[0]], [6, "sweep: 1 row: 1 unknown"]);
    await call(...command, "--rerun", "failed");
    assert.equal(stage.simulator.runs().length, 2);
  });
}

Deno.test("batch status --exit-status is 6 as long as it is not known whether a row has started a run", async () => {
  await using stage = await cliStage({
    workflows: { solve: SOLVE },
    behavior: { slugs: "shared" },
    faults: [{ on: "submit", cut: "before-effect" }],
  });
  const { code } = await stage.call(
    ["batch", "sweep.csv", "--workflow", "solve", ...QUICK],
    files({ "sweep.csv": "n\n1\n" }),
  );
  const { stdout, code: status } = await stage.call(["batch", "status", "sweep", "--exit-status", "--json"]);
  const { kind, counts } = JSON.parse(stdout);
  assert.deepEqual([code, status, kind, counts], [6, 6, "submit_unknown", { unknown: 1 }]);
});

Deno.test("after --rerun all, no one is told that the same command submits only the rest", async () => {
  await using stage = await aStage();
  const call = (...words: readonly string[]) =>
    stage.call(["batch", "sweep.csv", "--workflow", "solve", ...QUICK, ...words], files({ "sweep.csv": "n\n1\n2\n" }));
  await call();
  const { stderr } = await call("--rerun", "all", "--jobs", "1", "--deadline", "5s");
  assert.match(stderr, /\nRuns continue\. With --rerun all, the same command also runs again what has just ended: /);
  assert.doesNotMatch(stderr, /the rest|Continue with/);
});

for (
  const [name, rows, options, expected, reason] of [
    ["failures", "true\ntrue\ntrue\ntrue\n", ["--jobs", "1"], [1, "failed"], "canary"],
    ["the deadline", "false\nfalse\n", ["--jobs", "1", "--deadline", "5s"], [124, "timeout"], "deadline"],
    ["its end", "false\n", [], [0, "completed"], undefined],
  ] as const
) {
  Deno.test(`the document of a batch that ends by ${name} has the kind of its exit code, and why it stopped`, async () => {
    await using stage = await aStage();
    const words = ["batch", "sweep.csv", "--workflow", "solve", "--json", ...QUICK, ...options];
    const { code, stdout } = await stage.call(words, files({ "sweep.csv": `fails\n${rows}` }));
    const { exitCode, kind, stopped, error } = JSON.parse(stdout);
    assert.deepEqual([code, exitCode, kind], [expected[0], ...expected]);
    assert.deepEqual([stopped?.reason, error], [reason, undefined]);
    const status = await stage.call(["batch", "status", "sweep", "--exit-status", "--json"]);
    const kinds = new Map([[0, "completed"], [1, "failed"], [8, "not_submitted"]]);
    assert.equal(JSON.parse(status.stdout).kind, kinds.get(status.code));
  });
}

Deno.test("the document of a batch whose key expires has the error", async () => {
  await using stage = await cliStage({
    workflows: { solve: SLOW },
    onStep: (operation, step) => {
      if (operation === "submit" && step === "responded") stage.simulator.expireKeys("demo");
    },
  });
  const words = ["batch", "sweep.csv", "--workflow", "solve", "--json", ...QUICK];
  const { code, stdout } = await stage.call(words, files({ "sweep.csv": "n\n1\n" }));
  const { exitCode, kind, error } = JSON.parse(stdout);
  assert.deepEqual([code, exitCode, kind, error.kind], [7, 7, "credential_expired", "credential_refused"]);
  assert.match(error.message, /Authentication has expired/);
});

Deno.test("run --matrix runs the product of its values, and the same command continues the same batch", async () => {
  await using stage = await aStage();
  const words = ["run", "solve", "--matrix", "n=1..3", "--matrix", "text=a,b", "--exclude", "n=2,text=b", ...QUICK];
  const { stdout, code } = await stage.call([...words, "--json"], files({}));
  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(stdout).counts, { completed: 5 });
  await stage.call(words, files({}));
  assert.equal(stage.simulator.runs().length, 5);
});

Deno.test("run --repeat runs a workflow several times with the same inputs", async () => {
  await using stage = await aStage();
  const words = ["run", "solve", "-i", "n=1", "--repeat", "3", ...QUICK];
  for (let time = 0; time < 2; time++) {
    const { stdout, code } = await stage.call([...words, "--json"], files({}));
    assert.deepEqual([code, JSON.parse(stdout).counts], [0, { completed: 3 }]);
  }
  assert.equal(stage.simulator.runs().length, 3);
});

Deno.test("an option for many runs is refused for one, and an option for one run with --matrix", async () => {
  await using stage = await aStage();
  const single = await stage.call(["run", "solve", "--jobs", "3"], files({}));
  assert.deepEqual([single.code, /--jobs.*single run/.test(single.stderr)], [2, true]);
  const many = await stage.call(["run", "solve", "--matrix", "n=1,2", "--no-wait"], files({}));
  assert.deepEqual([many.code, /--no-wait.*--matrix/.test(many.stderr)], [2, true]);
});

Deno.test("batch status, results, list, set and cancel work from the local history", async () => {
  await using stage = await aStage();
  const { context, written } = files({ "sweep.csv": "n,fails\n1,\n2,true\n" });
  await stage.call(["batch", "sweep.csv", "--workflow", "solve", ...QUICK], { context });
  const before = stage.simulator.received().length;
  const status = await stage.call(["batch", "status", "sweep"], { context });
  assert.match(status.stdout, /sweep: 2 rows: 1 completed, 1 failed/);
  assert.equal((await stage.call(["batch", "status", "sweep", "--exit-status"], { context })).code, 1);
  await stage.call(["batch", "results", "sweep", "--csv", "later.csv"], { context });
  assert.equal((written.get("later.csv") ?? "").split("\r\n").length, 4);
  assert.match((await stage.call(["batch", "list"], { context })).stdout, /^sweep {2}2 rows/);
  assert.equal((await stage.call(["batch", "set", "sweep", "--jobs", "3"], { context })).code, 0);
  assert.equal(stage.simulator.received().length, before);
  const missing = await stage.call(["batch", "status", "sweeep"], { context });
  assert.equal(missing.code, 5);
  assert.match(missing.stderr, /Did you mean "sweep"\?/);
  assert.equal((await stage.call(["batch", "cancel", "sweep"], { context })).code, 0);
});

Deno.test("a batch answers whether this call has submitted runs, and which", async () => {
  await using stage = await aStage();
  const words = ["batch", "sweep.csv", "--workflow", "solve", "--json", ...QUICK];
  const submittedIn = (stdout: string) => {
    const { submitted, rows } = JSON.parse(stdout);
    return [submitted, ...rows.map((row: { submitted: unknown }) => row.submitted)];
  };
  const call = async (rows: string) => submittedIn((await stage.call(words, files({ "sweep.csv": rows }))).stdout);
  assert.deepEqual(await call("n\n1\n2\n"), ["yes", "yes", "yes"]);
  assert.deepEqual(await call("n\n1\n2\n"), ["no", "no", "no"]);
  assert.deepEqual(await call("n\n1\n2\n3\n"), ["yes", "no", "no", "yes"]);
  assert.deepEqual(submittedIn((await stage.call(["batch", "results", "sweep", "--json"])).stdout), [
    ...["no", "no", "no", "no"],
  ]);
});

Deno.test("batch list and batch status count the rows that are in the file", async () => {
  await using stage = await aStage();
  for (const rows of ["1,\n2,\n3,\n", "1,\n2,\n"]) {
    const call = ["batch", "sweep.csv", "--workflow", "solve", ...QUICK];
    assert.equal((await stage.call(call, files({ "sweep.csv": `n,fails\n${rows}` }))).code, 0);
  }
  assert.match((await stage.call(["batch", "status", "sweep"])).stdout, /^sweep: 2 rows: 2 completed/);
  assert.match((await stage.call(["batch", "list"])).stdout, /^sweep {2}2 rows/);
  const { batches } = JSON.parse((await stage.call(["batch", "list", "--json"])).stdout);
  assert.deepEqual([(await documentOf(stage, "status")).rowCount, batches[0].rowCount], [2, 2]);
});

Deno.test("a suite is no batch", async () => {
  await using stage = await aStage();
  const suite = "version: 1\ncases: [{ name: a, workflow: solve, inputs: { n: 1 } }]\n";
  const ended = await stage.call(["test", "nightly.suite.yaml", ...QUICK], files({ "nightly.suite.yaml": suite }));
  assert.equal(ended.code, 0, ended.stderr);
  const { code, stderr } = await stage.call(["batch", "status", "nightly"]);
  assert.deepEqual([code, /Cannot find batch "nightly"/.test(stderr)], [5, true]);
});

for (
  const [logs, error] of [
    [["::warning::connection reset, using the mirror", "::error::mesh is broken"], "mesh is broken"],
    [["::notice::connection reset, using the mirror"], 'step "check" of job "main" failed'],
  ] as const
) {
  Deno.test(`a warning of a step is no error that fails a row, or that repeats it: ${error}`, async () => {
    const scenario = { ...SOLVE.scenario, "main/check": { fails: true, logs } };
    await using stage = await cliStage({ workflows: { solve: { ...SOLVE, scenario } } });
    const args = ["batch", "sweep.csv", "--workflow", "solve", "--retries", "1", ...QUICK];
    const { code } = await stage.call([...args], files({ "sweep.csv": "n,fails\n1,true\n" }));
    assert.equal(code, 1);
    assert.deepEqual((await documentOf(stage, "results")).rows.map((row: { error: unknown }) => row.error), [error]);
    assert.equal(stage.simulator.runs().length, 1);
  });
}

const SLOW = { ...SOLVE, scenario: { "main/solve": { lasts: "1h" } } };

Deno.test("the last word on how many runs at once wins: of --jobs, batch set and the keys of the table", async () => {
  const short = { ...SOLVE, scenario: { "main/solve": { lasts: "8s" } } };
  const rows = files({ "sweep.csv": `n\n${Array.from({ length: 24 }, (_, index) => `${index}\n`).join("")}` });
  const later: (() => unknown)[] = [];
  await using stage = await cliStage({
    workflows: { solve: short },
    onStep(operation, step) {
      if (operation === "submit" && step === "responded") later.shift()?.();
    },
  });
  let press = (_keys: string) => {};
  const onKeys: Context["onKeys"] = (callback) => {
    press = callback;
    return { [Symbol.dispose]: () => {} };
  };
  const jobsShownBy = async (...options: readonly string[]) => {
    const stderr = bufferedWriter({ isTerminal: true, columns: 120 });
    const words = ["batch", "sweep.csv", "--workflow", "solve", "--rerun", "all", "--progress", "table", ...QUICK];
    const { code } = await stage.call([...words, ...options], { context: { ...rows.context, stderr, onKeys } });
    assert.equal(code, 0, stderr.text());
    const shown = [...stderr.text().matchAll(/at once \((\d+)\)/g)].map(([, jobs]) => Number(jobs));
    return shown.filter((jobs, index) => jobs !== shown[index - 1]);
  };
  later.push(() => stage.call(["batch", "set", "sweep", "--jobs", "2"]), ...Array(8), () => press("++"));
  assert.deepEqual(await jobsShownBy("--jobs", "1"), [1, 2, 3, 4]);
  assert.deepEqual(await jobsShownBy(), [4]);
  await stage.call(["batch", "set", "sweep", "--jobs", "5"]);
  assert.deepEqual(await jobsShownBy(), [5]);
  assert.deepEqual(await jobsShownBy("--jobs", "6"), [6]);
  assert.deepEqual(await jobsShownBy(), [6]);
});

Deno.test("a batch goes on while the history cannot be read, and prints its results once that is over", async () => {
  await using folder = await emptyFolder();
  const path = `${folder.path}/history.db`;
  const { context } = files({ "sweep.csv": "n\n1\n2\n" });
  let polls = 0;
  await using stage = await cliStage({
    workflows: { solve: { ...SOLVE, scenario: { "main/solve": { lasts: "3m" } } } },
    onStep(operation, step) {
      if (operation !== "get-run" || step !== "arrived" || stage.simulator.runs().length < 2) return;
      polls++;
      if (polls === 3) {
        Deno.renameSync(path, `${path}.aside`);
        Deno.mkdirSync(path);
      } else if (polls === 9) {
        Deno.removeSync(path);
        Deno.renameSync(`${path}.aside`, path);
      }
    },
  });
  const words = ["batch", "sweep.csv", "--workflow", "solve", "--poll-interval", "10s", "--max-poll-interval", "10s"];
  const { code, stdout, stderr } = await stage.call(words, { context, env: { PW_STORE_URL: path } });
  assert.ok(polls > 9, stderr);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /2 rows: 2 completed/);
});

Deno.test("batch cancel counts the runs that it cancels, and names the others", async () => {
  await using stage = await cliStage({ workflows: { solve: SLOW } });
  const rows = { "sweep.csv": "n\n1\n2\n3\n4\n" };
  const detached = ["batch", "sweep.csv", "--workflow", "solve", "--timeout", "5s", ...QUICK];
  assert.equal((await stage.call(detached, files(rows))).code, 124);
  const { rows: [running, ended, gone, stopped] } = await documentOf(stage, "results");
  stage.simulator.overrideStatus(ended.run, "completed");
  stage.simulator.deleteExternally(gone.run);
  stage.simulator.overrideStatus(stopped.run, "cancelled");
  const { code, stdout, stderr } = await stage.call(["batch", "cancel", "sweep"]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(stdout.trim().split("\n"), [
    `Row 1: cancelling ${running.run}`,
    `Row 2: ${ended.run} is left alone: completed`,
    `Row 3: ${gone.run} is left alone: not found`,
    `Row 4: ${stopped.run} is left alone: cancelled`,
  ]);
  assert.match(stderr, /^1 run cancelled$/m);
  const again = await documentOf(stage, "cancel");
  assert.deepEqual([again.cancelled, again.others.map(({ row }: { row: unknown }) => row)], [[], [1, 2, 3, 4]]);
});

Deno.test("batch cancel names the runs that it cannot cancel on a server without slugs, and exits as cancel does", async () => {
  await using stage = await cliStage({ behavior: { apiVersion: "legacy", legacyRead: "run" } });
  const words = ["batch", "sweep.csv", "--workflow", "never-ending", "--no-check", "--deadline", "5s", ...QUICK];
  assert.equal((await stage.call(words, files({ "sweep.csv": "name\na\n" }))).code, 124);
  const one = await stage.call(["cancel", "never-ending#1"]);
  const { code, stderr } = await stage.call(["batch", "cancel", "sweep"]);
  assert.deepEqual([code, one.code], [2, 2], stderr);
  assert.match(stderr, /Cannot cancel the run of row 1: this server has the legacy API, which does not support it\n/);
  const { failed, kind } = await documentOf(stage, "cancel");
  assert.deepEqual([kind, failed.map((one: { row: number; run: null }) => [one.row, one.run])], ["unsupported", [[
    1,
    null,
  ]]]);
});

Deno.test("batch cancel cancels the batch of its own API key, and others name the one of several that they take", async () => {
  await using stage = await aStage();
  const { context } = files({ "sweep.csv": "n\n1\n" });
  const other = { PW_API_KEY: stage.simulator.keyFor("alice") };
  const words = ["batch", "sweep.csv", "--workflow", "never-ending", "--no-check", "--deadline", "5s", ...QUICK];
  await stage.call(words, { context });
  await stage.call(words, { context, env: other });
  assert.match((await stage.call(["batch", "status", "sweep"])).stderr, /which ran last\. Others: sweep-\w+ \(127/);
  const { stdout, stderr } = await stage.call(["batch", "cancel", "sweep"]);
  assert.match(stdout, /^Row 1: cancelling /);
  assert.equal(stderr, "1 run cancelled\n");
  const refused = await stage.call(["batch", "cancel", "sweep"], {
    env: { PW_API_KEY: stage.simulator.keyFor("bob") },
  });
  assert.match(refused.stderr, /^✗ Cannot find batch "sweep" of bob on 127/);
  assert.deepEqual(stage.simulator.runs().map(({ status }) => status === "running"), [false, true]);
});

Deno.test("batch status shows which runs are being cancelled, until the batch is tracked again", async () => {
  await using stage = await cliStage({ workflows: { solve: SLOW } });
  const words = ["batch", "sweep.csv", "--workflow", "solve", ...QUICK];
  const rows = files({ "sweep.csv": "n\n1\n2\n3\n" });
  await stage.call([...words, "--timeout", "5s"], rows);
  assert.deepEqual((await documentOf(stage, "status")).counts, { running: 3 });
  stage.simulator.addFaults({ on: "cancel-run", times: 1, status: 403 });
  assert.equal((await stage.call(["batch", "cancel", "sweep"])).code, 4);
  const before = stage.simulator.received().length;
  assert.match((await stage.call(["batch", "status", "sweep"])).stdout, /^sweep: 3 rows: 1 running, 2 cancelling\n/);
  assert.equal(stage.simulator.received().length, before);
  const { stdout } = await stage.call([...words, "--deadline", "60s"], rows);
  assert.match(stdout, /3 rows: 1 running, 2 cancelled\n/);
});

Deno.test("batch cancel also cancels a run whose submit had no response, and names the rows that are not submitted", async () => {
  await using stage = await cliStage({ workflows: { solve: FOREVER } });
  const { context } = files({ "sweep.csv": "n\n1\n2\n" });
  const lossy: typeof fetch = (input, init) =>
    stage.simulator.runs().length > 0 ? Promise.reject(new TypeError(REFUSED)) : fetch(input, init);
  stage.simulator.addFaults({ on: "submit", cut: "after-effect" });
  const words = ["batch", "sweep.csv", "--workflow", "solve", "--jobs", "1", "--deadline", "20s", ...QUICK];
  await stage.call(words, { context: { ...context, fetch: lossy } });
  const { stdout, stderr } = await stage.call(["batch", "cancel", "sweep"]);
  assert.match(stdout, /^Row 1: cancelling solve-\w+\n$/);
  assert.match(stderr, /^1 run cancelled\n1 row not submitted yet: /);
  assert.match(stage.simulator.runs()[0]?.status ?? "", /^cancel/);
});

Deno.test("batch cancel reports each run that it cancels, and each that it cannot", async () => {
  await using stage = await cliStage({ workflows: { solve: SLOW } });
  const detached = ["batch", "sweep.csv", "--workflow", "solve", "--timeout", "5s", ...QUICK];
  await stage.call(detached, files({ "sweep.csv": "n\n1\n2\n3\n" }));
  stage.simulator.addFaults({ on: "cancel-run", times: 2, status: 403 });
  const { code, stdout, stderr } = await stage.call(["batch", "cancel", "sweep", "--json"]);
  const { cancelled, failed, exitCode, kind } = JSON.parse(stdout);
  assert.deepEqual({ code, exitCode, kind }, { code: 4, exitCode: 4, kind: "forbidden" });
  const { rows } = await documentOf(stage, "results");
  assert.deepEqual(cancelled, [rows[2].run]);
  assert.deepEqual(failed.map(({ row, run }: Record<string, unknown>) => [row, run]), [[1, rows[0].run], [
    2,
    rows[1].run,
  ]]);
  for (const { run } of failed) assert.match(stderr, new RegExp(`✗ Cannot cancel run ${run}: .*403`));
});

Deno.test("--on-interrupt cancel leaves the runs of rows alone that --rows does not name", async () => {
  let interrupt = (_signal: "SIGINT") => {};
  await using stage = await cliStage({
    workflows: { solve: SLOW },
    onStep(operation) {
      if (operation === "get-run") interrupt("SIGINT");
    },
  });
  const words = ["batch", "sweep.csv", "--workflow", "solve", ...QUICK];
  const { context } = files({ "sweep.csv": "n\n1\n2\n3\n" });
  assert.equal((await stage.call([...words, "--timeout", "5s"], { context })).code, 124);
  const onSignal: Context["onSignal"] = (callback) => {
    interrupt = callback;
    return { [Symbol.dispose]: () => {} };
  };
  const args = [...words, "--rows", "1", "--on-interrupt", "cancel"];
  const { stderr } = await stage.call(args, { context: { ...context, onSignal } });
  assert.match(stderr, /No more submissions\. 1 run is being cancelled\.\nCtrl-C again to leave\n/);
  const { counts } = await documentOf(stage, "results");
  assert.deepEqual(counts, { cancelled: 1, running: 2 });
});

Deno.test("--on-interrupt cancel names the runs that it cannot cancel on a server without slugs", async () => {
  let interrupt = (_signal: "SIGINT") => {};
  const stage: CliStage = await cliStage({
    behavior: { apiVersion: "legacy", legacyRead: "run" },
    onStep(operation, step) {
      if (operation !== "submit" && step === "responded" && stage.simulator.runs().length > 0) interrupt("SIGINT");
    },
  });
  await using _open = stage;
  const onSignal: Context["onSignal"] = (callback) => {
    interrupt = callback;
    return { [Symbol.dispose]: () => {} };
  };
  const words = [
    "batch",
    "sweep.csv",
    "--workflow",
    "never-ending",
    "--no-check",
    "--deadline",
    "30s",
    "--on-interrupt",
    "cancel",
    ...QUICK,
  ];
  const { context } = files({ "sweep.csv": "name\na\n" });
  const { code, stderr } = await stage.call(words, { context: { ...context, onSignal } });
  assert.equal(code, 130, stderr);
  assert.match(stderr, /^Row 1: Cannot cancel the run of row 1: this server has the legacy API/m);
});

Deno.test("--on-interrupt cancel also cancels a run that is being submitted when Ctrl-C arrives", async () => {
  let interrupt = (_signal: "SIGINT") => {};
  let isInterrupted = false;
  await using stage = await cliStage({
    workflows: { solve: FOREVER },
    onStep(operation, step) {
      if (operation !== "submit" || step !== "arrived" || isInterrupted) return;
      isInterrupted = true;
      interrupt("SIGINT");
    },
  });
  const { context } = files({ "sweep.csv": "n\n1\n2\n" });
  const onSignal: Context["onSignal"] = (callback) => {
    interrupt = callback;
    return { [Symbol.dispose]: () => {} };
  };
  const words = ["batch", "sweep.csv", "--workflow", "solve", "--on-interrupt", "cancel", "--deadline", "2m", ...QUICK];
  const { code, stdout } = await stage.call(words, { context: { ...context, onSignal } });
  assert.match(stdout, /2 rows: 1 cancelled, 1 waiting/);
  assert.equal(code, 130);
  assert.deepEqual(stage.simulator.runs().map(({ status }) => status), ["canceled"]);
});

for (const again of ["cancel", "keep"]) {
  Deno.test(`a run that was cancelled at its timeout has timed out, also for the call that continues with ${again}`, async () => {
    let stop = (_signal: "SIGTERM") => {};
    await using stage = await cliStage({
      workflows: { solve: FOREVER },
      onStep(operation, step) {
        if (operation === "cancel-run" && step === "responded") stop("SIGTERM");
      },
    });
    const { context } = files({ "sweep.csv": "n\n1\n" });
    const onSignal: Context["onSignal"] = (callback) => {
      stop = callback;
      return { [Symbol.dispose]: () => {} };
    };
    const words = ["batch", "sweep.csv", "--workflow", "solve", "--timeout", "5s", ...QUICK, "--on-timeout"];
    assert.equal((await stage.call([...words, "cancel"], { context: { ...context, onSignal } })).code, 143);
    stop = () => {};
    const { code, stdout } = await stage.call([...words, again], { context });
    assert.match(stdout, /1 row: 1 timeout/);
    assert.equal(code, 124);
    assert.match((await stage.call(["batch", "status", "sweep"])).stdout, /1 timeout/);
  });
}

Deno.test("batch results --report writes a page with the rows, their tags, the inputs in which they differ, and their outputs", async () => {
  await using stage = await aStage();
  const { context, written } = files({ "sweep.csv": "n,fails,tags\n1,,\n2,true,night big\n" });
  await stage.call(["batch", "sweep.csv", "--workflow", "solve", "--report", "html=live.html", ...QUICK], { context });
  const later = ["batch", "results", "sweep", "--report", "html=later.html"];
  assert.equal((await stage.call(later, { context })).code, 0);
  for (const file of ["live.html", "later.html"]) {
    assert.match(written.get(file) ?? "", /<h1><span class="verdict error">failed</);
    const { kind, cases } = JSON.parse(await dataOfPage(written.get(file) ?? ""));
    assert.equal(kind, "batch");
    const rows: readonly { anchor: string; verdict: string; tags: unknown; parameters: unknown; outputs: unknown }[] =
      cases;
    assert.deepEqual(rows.map(({ anchor, verdict }) => [anchor, verdict]), [
      ["case-row-1", "passed"],
      ["case-row-2", "failed"],
    ]);
    assert.deepEqual(rows.map(({ tags }) => tags), [[], ["night", "big"]]);
    assert.deepEqual(rows[1]?.parameters, { n: "2", fails: "true" });
    assert.deepEqual(Object.keys(rows[0]?.outputs ?? {}), ["main"]);
  }
  const refused = await stage.call(["batch", "results", "sweep", "--report", "junit=a.xml"], { context });
  assert.deepEqual([refused.code, /html=FILE/.test(refused.stderr)], [2, true]);
});

Deno.test("the page of batch results states that all rows passed only once they have", async () => {
  await using stage = await aStage();
  const { context, written } = files({ "sweep.csv": "n\n1\n2\n" });
  for (const [row, heading] of [["1", "not judged"], ["2", "passed"]] as const) {
    await stage.call(["batch", "sweep.csv", "--workflow", "solve", "--rows", row, ...QUICK], { context });
    await stage.call(["batch", "results", "sweep", "--report", "html=out.html"], { context });
    const [, shown] = /<h1><span class="verdict \w+">([^<]*)</.exec(written.get("out.html") ?? "") ?? [];
    assert.equal(shown, heading);
  }
});

Deno.test("secrets of rows are neither shown nor stored", async () => {
  await using stage = await aStage();
  const { context, written } = files({ "sweep.csv": "n,password\n1,hunter2hunter2\n" });
  const words = [
    "batch",
    "sweep.csv",
    "--workflow",
    "solve",
    "--csv",
    "out.csv",
    "--log",
    "log",
    "--report",
    "html=page.html",
    ...QUICK,
  ];
  const { code, stdout, stderr } = await stage.call(words, { context });
  assert.equal(code, 0, stderr);
  const { stdout: document } = await stage.call(["batch", "results", "sweep", "--json"], { context });
  for (
    const text of [stdout, stderr, document, ...written.values(), await dataOfPage(written.get("page.html") ?? "")]
  ) {
    assert.doesNotMatch(text, /hunter2/);
  }
  assert.equal(stage.simulator.runs().length, 1);
});

Deno.test("a percentage of --max-failures is one of the rows that --rows selects, whatever ran before", async () => {
  await using stage = await aStage();
  const text = `n,fails\n${[1, 2, 3, 4, 5, 6, 7, 8].map((n) => `${n},true\n`).join("")}`;
  const call = (...words: readonly string[]) =>
    stage.call(
      ["batch", "sweep.csv", "--workflow", "solve", "--jobs", "1", "--no-canary", ...QUICK, ...words],
      files({ "sweep.csv": text }),
    );
  await call("--rows", "1-4");
  const { stderr } = await call("--rows", "5-8", "--max-failures", "50%");
  assert.match(stderr, /^Stopped early: max-failures \(2 failed\)/m);
});

/** Its runs take three real seconds: a deadline must pass after they were submitted, also on a busy machine. */
const lastingStage = () =>
  cliStage({ workflows: { solve: { ...SOLVE, scenario: { ...SOLVE.scenario, "main/solve": { lasts: "3m" } } } } });

Deno.test("a row that still runs with its earlier inputs is named by these", async () => {
  await using stage = await lastingStage();
  const call = (rows: string, ...words: readonly string[]) =>
    stage.call(
      ["batch", "sweep.csv", "--workflow", "solve", "--progress", "plain", ...QUICK, ...words],
      files({ "sweep.csv": `n,text\n${rows}` }),
    );
  await call("1,x\n2,y\n", "--deadline", "90s");
  const { stdout, stderr } = await call("1,x\n2,z\n");
  assert.match(stderr, /1 changed row still runs with its earlier inputs/);
  assert.match(stderr, /^Row 2 completed after .+: n=2 text=y \(/m);
  assert.match(stdout, /n=2 text=y/);
});

Deno.test("a failed run with earlier inputs is not retried with those of the edited row", async () => {
  await using stage = await lastingStage();
  const call = (row: string, ...words: readonly string[]) =>
    stage.call(
      ["batch", "sweep.csv", "--workflow", "solve", "--retries", "1", "--retry-on", "any", ...QUICK, ...words],
      files({ "sweep.csv": `n,fails\n${row}\n` }),
    );
  const results = async () => (await documentOf(stage, "results")).rows;
  await call("1,true", "--deadline", "90s");
  assert.equal((await call("2,")).code, 1);
  assert.deepEqual((await results()).map((row: RowResult & { in: unknown }) => [row.status, row.in]), [
    ["failed", { n: 1, fails: true }],
  ]);
  assert.equal((await call("2,")).code, 0);
  assert.deepEqual((await results()).map((row: RowResult & { in: unknown }) => [row.status, row.in]), [
    ["completed", { n: 2 }],
  ]);
  assert.deepEqual(stage.simulator.received("submit").map(({ body }) => Object(body).inputs.n), [1, 2]);
});

Deno.test("a batch whose last run was deleted has lost no connection, and ends with that however soon it gives one up", async () => {
  await using stage = await cliStage({ workflows: { solve: SLOW } });
  const { context } = files({ "sweep.csv": "n\n1\n" });
  const words = ["batch", "sweep.csv", "--workflow", "solve", ...QUICK];
  assert.equal((await stage.call([...words, "--deadline", "90s"], { context })).code, 124);
  stage.simulator.deleteExternally(stage.simulator.runs()[0]?.slug ?? "");
  const { code, stderr } = await stage.call([...words, "--unreachable-timeout", "15s"], { context });
  assert.doesNotMatch(stderr, /Connection/);
  assert.equal(code, 5, stderr);
});

Deno.test("a batch gives up a server that answers 404 to everything", async () => {
  await using stage = await cliStage({ workflows: { solve: SLOW } });
  const { context } = files({ "sweep.csv": "n\n1\n" });
  const words = ["batch", "sweep.csv", "--workflow", "solve", ...QUICK];
  assert.equal((await stage.call([...words, "--deadline", "90s"], { context })).code, 124);
  for (const on of ["get-run", "list-runs"] as const) stage.simulator.addFaults({ on, status: 404, times: Infinity });
  const { code, stderr } = await stage.call([...words, "--unreachable-timeout", "2m"], { context });
  assert.equal(code, 7, stderr);
});

Deno.test("batches of the same name of two users on one server are told apart", async () => {
  await using stage = await aStage();
  const rows = files({ "sweep.csv": "n\n1\n" });
  for (const user of ["demo", "alice"]) {
    const env = { PW_API_KEY: stage.simulator.keyFor(user) };
    assert.equal((await stage.call(["batch", "sweep.csv", "--workflow", "solve", ...QUICK], { ...rows, env })).code, 0);
  }
  const { stdout } = await stage.call(["batch", "list"]);
  assert.match(stdout, /^sweep .* alice\nsweep .* demo$/m);
  const { stderr } = await stage.call(["batch", "status", "sweep"]);
  assert.match(
    stderr,
    /^This is the batch "sweep" of alice on 127\S+, which ran last\. Others: sweep-\w+ \(127\S+, demo\)$/m,
  );
});
