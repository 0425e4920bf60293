/** What this machine refuses, in real processes: full disks, closed streams, taken ports, paths that cannot be used. */

import assert from "node:assert/strict";
import { fastClock, systemClock } from "../../lib/clock.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { fullDisk, mountMissing } from "../support/disks.ts";
import { type EmptyFolder, emptyFolder, machineEnv } from "../support/main_job.ts";
import { needing } from "../support/needs.ts";
import { cacheEnv, type ProgramEnd } from "../support/program.ts";

const isWindows = Deno.build.os === "windows";
const hasFullDevice = Deno.build.os === "linux";
const noDisks = await mountMissing();
const MAIN = new URL("../../main.ts", import.meta.url).pathname;
const ROOT = new URL("../../", import.meta.url).pathname;

const NO_SPACE = /Cannot write the output: no space left on the disk/;
const RUN = "run hello-world -i inputs/hello-world.json";

for (
  const command of ["list", "list --json", "runs", "history", "doctor", "logs last", "help", "help run", "--version"]
) {
  onFullDevice(`\`${command} > /dev/full\` exits 8 with the reason on stderr`, async (stage) => {
    await stage.start();
    const { code, stderr } = await stage.run(`${command} > /dev/full`);
    assert.equal(code, 8, stderr);
    assert.match(stderr, NO_SPACE);
    assert.doesNotMatch(stderr, /Internal error|os error/);
  });
}

for (const mode of ["", "--json", "--events", "--no-wait", "--no-wait --events"]) {
  onFullDevice(
    `\`run ${mode} > /dev/full\` waits for its run, exits 7, and names the run with its state`,
    async (stage) => {
      const { code, stderr } = await stage.run(`${RUN} ${mode} > /dev/full`);
      assert.equal(code, 7, stderr);
      assert.match(stderr, NO_SPACE);
      const status = mode.startsWith("--no-wait") ? "running" : "completed";
      assert.match(stderr, new RegExp(`Run hello-world-[a-z2-7]+: ${status}`));
      assert.match(stderr, /pw-workflow-runner watch hello-world-/);
      assert.equal(stage.simulator.received("submit").length, 1);
    },
  );
}

for (const mode of ["", "--json", "--events"]) {
  onFullDevice(`\`watch A B ${mode} > /dev/full\` exits 7 and names both runs with their states`, async (stage) => {
    const [first, second] = [await stage.start(), await stage.start()];
    const { code, stderr } = await stage.run(`watch ${first} ${second} ${mode} > /dev/full`);
    assert.equal(code, 7, stderr);
    for (const slug of [first, second]) assert.match(stderr, new RegExp(`Run ${slug}: completed`));
  });
}

for (const mode of ["", "--json"]) {
  onFullDevice(`\`batch ${mode} > /dev/full\` exits 7 and names the batch, whose results are kept`, async (stage) => {
    await Deno.writeTextFile(`${stage.folder}/two.jsonl`, '{"workflow":"quick"}\n'.repeat(2));
    const { code, stderr } = await stage.run(`batch two.jsonl ${mode} > /dev/full`);
    assert.equal(code, 7, stderr);
    assert.match(stderr, NO_SPACE);
    assert.match(stderr, /Show them again: pw-workflow-runner batch results two/);
  });
}

for (const mode of ["", "--json"]) {
  Deno.test({
    ...needing(`a disk that fills up during a batch ends its files, not the batch: ${mode}`, noDisks),
    async fn() {
      await using stage = await aStage();
      await using mountPoint = await emptyFolder();
      await using disk = await fullDisk(mountPoint.path);
      await Deno.writeFile(`${disk.path}/rest`, new Uint8Array(1024 * 1024)).catch(() => {});
      await Deno.writeTextFile(`${stage.folder}/two.jsonl`, '{"workflow":"quick"}\n'.repeat(2));
      const files = `--csv ${disk.path}/out.csv --jsonl out.jsonl --log ${disk.path}/log`;
      const { code, stdout, stderr } = await stage.run(`batch two.jsonl ${files} ${mode}`);
      assert.equal(code, 7, stderr);
      assert.match(stderr, /^Cannot write \S+\/log: no space left on the disk; continuing without it$/m);
      assert.match(stderr, /^Cannot write \S+\/out\.csv: no space left on the disk\n.*batch results two --csv FILE$/m);
      if (mode === "") assert.match(stdout, /2 rows: 2 completed/);
      else {
        const { exitCode, kind, counts } = JSON.parse(stdout);
        assert.deepEqual([exitCode, kind, counts], [7, "machine_failed", { completed: 2 }]);
      }
      assert.match(await Deno.readTextFile(`${stage.folder}/out.jsonl`), /^\{.*\}\n\{.*\}\n$/);
    },
  });
}

for (const closed of ["2> /dev/full", "2>&-"]) {
  onFullDevice(`progress that cannot be written (${closed}) does not end a wait`, async (stage) => {
    const { code, stdout } = await stage.run(`${RUN} ${closed}`);
    assert.equal(code, 0);
    assert.match(stdout, /Workflow completed successfully/);
  });
}

onFullDevice("events that cannot be written are named once, and nothing is written after them", async (stage) => {
  const { code, stderr } = await stage.run(`${RUN} --events > /dev/full`);
  assert.equal(code, 7, stderr);
  assert.equal(stderr.match(/continuing without events/g)?.length, 1, stderr);
});

onUnix("a reader of stderr that has left does not end a wait", async (stage) => {
  const { stdout } = await stage.run(`${RUN} 2>&1 >result | true; cat result`);
  assert.match(stdout, /Workflow completed successfully/);
});

onUnix("a reader of events that has left is reported on stderr, with the run that continues", async (stage) => {
  const mkfifo = `mkfifo events; $PROGRAM run never-ending --events > events & exec 3< events`;
  const readTwo = "read -r submitting <&3; read -r started <&3; exec 3<&-";
  const { code, stderr } = await stage.shell(`${mkfifo}; ${readTwo}; $PROGRAM cancel last > cancelled; wait $!`);
  assert.equal(code, 7, stderr);
  assert.match(stderr, /the reader closed the pipe[^]*Track it again: pw-workflow-runner watch never-ending-/);
});

Deno.test({
  ...needing("a disk that fills up during --events ends the events, not the wait", noDisks),
  async fn() {
    await using stage = await aStage();
    await using mountPoint = await emptyFolder();
    await using disk = await fullDisk(mountPoint.path);
    const events = `${disk.path}/events.jsonl`;
    await Deno.writeTextFile(events, "x".repeat(3_800));
    await Deno.writeFile(`${disk.path}/rest`, new Uint8Array(1024 * 1024)).catch(() => {});
    const { code, stderr } = await stage.run(`${RUN} --events >> ${events}`);
    assert.equal(code, 7, stderr);
    assert.match(stderr, /no space left on the disk; continuing without events/);
    assert.match(stderr, /Run hello-world-[a-z2-7]+: completed/);
    assert.match(await Deno.readTextFile(events), /^x+\{"v":1,"type":"submitting"/);
  },
});

Deno.test({
  ...needing("a full disk for --output is a usage error, and leaves the platform alone", noDisks),
  async fn() {
    await using stage = await aStage();
    await using mountPoint = await emptyFolder();
    await using disk = await fullDisk(mountPoint.path);
    await Deno.writeFile(`${disk.path}/rest`, new Uint8Array(1024 * 1024)).catch(() => {});
    const { code, stderr } = await stage.run(`inputs new hello-world -o ${disk.path}/new.json`);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /Cannot write \S+new\.json: no space left on the disk/);
  },
});

for (
  const [path, reason] of [
    ["/nodir/x.json", "no such file or folder"],
    ["/proc/x.json", "no such file or folder"],
    ["taken.json", "the file already exists"],
    ["taken.json/x.json", "a part of the path is not a folder"],
    [`${"x".repeat(300)}.json`, "the name is too long"],
  ] as const
) {
  const shown = path.length > 100 ? "a name that is too long" : path;
  for (const command of ["inputs new hello-world -o", "doctor --probe hello-world --yes --probe-output"]) {
    onUnix(`\`${command} ${shown}\` exits 2 before any request`, async (stage) => {
      await Deno.writeTextFile(`${stage.folder}/taken.json`, "mine");
      const { code, stderr } = await stage.run(`${command} ${path}`);
      assert.equal(code, 2, stderr);
      assert.ok(stderr.includes(`Cannot write ${path}: ${reason}`), stderr);
      assert.deepEqual(stage.simulator.received(), []);
      assert.equal(await Deno.readTextFile(`${stage.folder}/taken.json`), "mine");
    });
  }
}

for (
  const [command, message] of [
    ["run hello-world -i inputs", /cannot read inputs: it is a folder, not a file/],
    ["run hello-world -i /nodir/x.json", /\/nodir\/x\.json/],
    ["list --cacert /nodir/ca.pem", /Cannot trust \/nodir\/ca\.pem \(--cacert\): no such file or folder/],
    ["list --cacert inputs", /Cannot trust inputs \(--cacert\): it is a folder, not a file/],
    ["simulate --probe-result /nodir/p.json", /Cannot read \/nodir\/p\.json: no such file or folder/],
    ["simulate --probe-result inputs", /Cannot read inputs: it is a folder, not a file/],
    ["schedules --file /nodir/s.ts", /\/nodir\/s\.ts does not exist/],
    ["store copy /nodir/a.db memory:", /Cannot copy \/nodir\/a\.db: there is no such store/],
  ] as const
) {
  onUnix(`\`${command}\` exits 2 with the reason`, async (stage) => {
    const { code, stderr } = await stage.run(command);
    assert.equal(code, 2, stderr);
    assert.match(stderr, message);
    assert.doesNotMatch(stderr, /os error/);
  });
}

onUnix("completion that cannot be installed is a usage error, with what works instead", async (stage) => {
  await Deno.writeTextFile(`${stage.folder}/file`, "");
  const env = { HOME: stage.folder, XDG_DATA_HOME: `${stage.folder}/file/data` };
  const { code, stderr } = await stage.run("completions install bash", env);
  assert.equal(code, 2, stderr);
  assert.match(stderr, /Cannot install completion in \S+ and \S+: a part of the path is not a folder\n/);
  assert.match(stderr, /`pw-workflow-runner completions bash` prints the script/);
});

onUnix("`simulate --port` with a port in use exits 2", async (stage) => {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { code, stderr } = await stage.run(`simulate --port ${listener.addr.port}`);
  assert.equal(code, 2, stderr);
  assert.match(stderr, new RegExp(`Cannot listen on port ${listener.addr.port}: it is already in use`));
});

onUnix("a package that cannot be downloaded exits 8 and is no defect", async (stage) => {
  await using cache = await emptyFolder();
  const { code, stderr } = await stage.run("show hello-world", {
    DENO_DIR: cache.path,
    HTTPS_PROXY: "http://127.0.0.1:9",
    HTTP_PROXY: "http://127.0.0.1:9",
    NO_PROXY: "127.0.0.1",
  });
  assert.equal(code, 8, stderr);
  assert.match(stderr, /Cannot load a part of the program: /);
  assert.doesNotMatch(stderr, /Internal error/);
  assert.ok(!stderr.includes("\u001b"), stderr);
});

onUnix("a GITHUB_OUTPUT that cannot be written is refused before a run is submitted", async (stage) => {
  const env = { GITHUB_OUTPUT: "/nodir/output", GITHUB_STEP_SUMMARY: "/nodir/summary" };
  const { code, stderr } = await stage.run(`${RUN} --report github`, env);
  assert.equal(code, 2, stderr);
  assert.match(stderr, /Cannot write a report for GitHub: GITHUB_OUTPUT is \/nodir\/output: no such file or folder/);
  assert.equal(stage.simulator.received("submit").length, 0);
});

onFullDevice("a GITHUB_OUTPUT that can no longer be written does not end the wait", async (stage) => {
  const env = { GITHUB_OUTPUT: "/dev/full", GITHUB_STEP_SUMMARY: "/dev/full" };
  const { code, stdout, stderr } = await stage.run(`${RUN} --report github`, env);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /Workflow completed successfully/);
  assert.match(stderr, /Cannot write the report: GITHUB_OUTPUT is \/dev\/full: no space left on the disk/);
});

interface Stage extends AsyncDisposable {
  readonly simulator: Awaited<ReturnType<typeof startSimulator>>;
  /** The working folder. */
  readonly folder: string;
  /** Runs the program by a shell, which handles redirections. */
  run(args: string, env?: Readonly<Record<string, string>>): Promise<ProgramEnd>;
  /** Runs commands in which `$PROGRAM` is the program. */
  shell(commands: string, env?: Readonly<Record<string, string>>): Promise<ProgramEnd>;
  /** Starts a run and returns its slug. */
  start(): Promise<string>;
}

async function aStage(): Promise<Stage> {
  const simulator = await startSimulator({ clock: fastClock(systemClock, 120) });
  const state: EmptyFolder = await emptyFolder();
  const folder = await emptyFolder();
  await Deno.mkdir(`${folder.path}/inputs`);
  await Deno.copyFile(`${ROOT}inputs/hello-world.json`, `${folder.path}/inputs/hello-world.json`);
  const run: Stage["run"] = (args, env) => shell(`$PROGRAM ${args}`, env);
  const shell: Stage["shell"] = async (commands, env = {}) => {
    const { code, stdout, stderr } = await new Deno.Command("sh", {
      args: ["-c", commands],
      cwd: folder.path,
      clearEnv: true,
      env: {
        ...machineEnv(),
        ...cacheEnv(),
        NO_COLOR: "1",
        PW_STATE_DIR: state.path,
        PW_API_KEY: simulator.key,
        PROGRAM: `${Deno.execPath()} run -A --no-prompt ${MAIN}`,
        ...env,
      },
      stdin: "null",
      signal: AbortSignal.timeout(60_000),
    }).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  };
  return {
    simulator,
    folder: folder.path,
    run,
    shell,
    async start() {
      const { stdout } = await run(`${RUN} --no-wait --json`);
      return JSON.parse(stdout).slug;
    },
    async [Symbol.asyncDispose]() {
      await simulator[Symbol.asyncDispose]();
      await state[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

function onUnix(name: string, test: (stage: Stage) => Promise<void>, ignore = isWindows): void {
  Deno.test({
    name,
    ignore,
    async fn() {
      await using stage = await aStage();
      await test(stage);
    },
  });
}

function onFullDevice(name: string, test: (stage: Stage) => Promise<void>): void {
  onUnix(name, test, !hasFullDevice);
}
