/** Checks that the permission flags of docs/security.md are sufficient and necessary. */

import assert from "node:assert/strict";
import { fastClock, systemClock } from "../lib/clock.ts";
import { startSimulator } from "../lib/simulator/start.ts";
import { assertMainJob, emptyFolder, machineEnv } from "./support/main_job.ts";
import { cacheEnv } from "./support/program.ts";
import { leastFlags } from "./support/documents.ts";

const MAIN = new URL("../main.ts", import.meta.url).href;
const DEADLINE_MS = 60_000;
const flags = await leastFlags();

/** A program that is run from a URL has no deno.json: all of its modules are loaded before it starts. */
const RUN = ["run", "--no-prompt", "--no-config", `--lock=${new URL("../deno.lock", import.meta.url).pathname}`];

Deno.test("the main job runs with only the permissions of docs/security.md", async () => {
  await assertMainJob({
    program: Deno.execPath(),
    args: ({ platform, home }) => [...RUN, ...flags(platform, home), MAIN],
    env: cacheEnv(),
  });
});

Deno.test("YAML inputs need two more variables, which docs/security.md names", async () => {
  const page = await Deno.readTextFile(new URL("../docs/security.md", import.meta.url));
  const more = /`--allow-env=(LOG_TOKENS,LOG_STREAM)` *\| YAML inputs/.exec(page)?.[1];
  assert.ok(more !== undefined);
  await using simulator = await startSimulator({ clock: fastClock(systemClock, 60) });
  await using folder = await emptyFolder();
  await Deno.writeTextFile(`${folder.path}/quick.yaml`, "greeting: hello\n");
  const granted = flags(new URL(simulator.url).host, folder.path).map((flag) =>
    flag.startsWith("--allow-env=") ? `${flag},${more}` : flag
  );
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...RUN, ...granted, MAIN, "run", "quick", "-i", "quick.yaml"],
    cwd: folder.path,
    clearEnv: true,
    env: { ...machineEnv(), ...cacheEnv(), HOME: folder.path, NO_COLOR: "1", PW_API_KEY: simulator.key },
    stdin: "null",
    signal: AbortSignal.timeout(DEADLINE_MS),
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  assert.equal(simulator.received("submit").length, 1);
});

Deno.test("a demo without the variables that the YAML parser reads names them", async () => {
  await using folder = await emptyFolder();
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...RUN, ...flags("127.0.0.1", folder.path), MAIN, "demo"],
    cwd: folder.path,
    clearEnv: true,
    env: { ...machineEnv(), ...cacheEnv(), HOME: folder.path, NO_COLOR: "1" },
    stdin: "null",
    signal: AbortSignal.timeout(DEADLINE_MS),
  }).output();
  assert.equal(code, 2);
  assert.match(new TextDecoder().decode(stderr), /^✗ Cannot continue: .* without env access to "LOG_TOKENS"$/m);
});

Deno.test("a checkout may be read, too, or is started without its deno.json", async () => {
  const checkout = new URL("../", import.meta.url).pathname;
  const listed = async (...more: readonly string[]) => {
    await using simulator = await startSimulator();
    await using folder = await emptyFolder();
    const platform = new URL(simulator.url).host;
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", ...flags(platform, folder.path), ...more, MAIN, "list", "--json"],
      cwd: folder.path,
      clearEnv: true,
      env: { ...machineEnv(), ...cacheEnv(), HOME: folder.path, NO_COLOR: "1", PW_API_KEY: simulator.key },
      stdin: "null",
      signal: AbortSignal.timeout(DEADLINE_MS),
    }).output();
    return { code, isListed: stdout.length > 0, errors: new TextDecoder().decode(stderr) };
  };
  assert.deepEqual(await listed(`--allow-read=${checkout}`), { code: 0, isListed: true, errors: "" });
  // As the binary has it: what Linux reports of a process can be read only by a program that may do everything.
  assert.deepEqual(await listed("--allow-read=/"), { code: 0, isListed: true, errors: "" });
  const { code, isListed, errors } = await listed();
  assert.deepEqual([code, isListed], [2, false]);
  assert.match(
    errors,
    /^✗ Cannot load the program: Requires read access to .*\n {2}Add its folder to --allow-read=.*\n$/,
  );
});

/** Exit code and message without each permission. */
const WITHOUT: readonly { readonly grant: RegExp; readonly code: number; readonly message: RegExp }[] = [
  { grant: /^--allow-env=PW_API_KEY$/, code: 2, message: /without env access to "PW_API_KEY"\n.*--allow-env/ },
  { grant: /^--allow-env=HOME$/, code: 8, message: /no folder for it can be determined\n.*PW_STATE_DIR.*HOME/ },
  { grant: /^--allow-net=/, code: 8, message: /the runtime lacks the permission to connect.*\n.*--allow-net/ },
  {
    grant: /^--allow-read=\.$/,
    code: 2,
    message: /cannot read inputs\/hello-world\.json: Requires read access.*--allow-read/,
  },
  {
    grant: /^--allow-read=.*state/,
    code: 8,
    message: /Cannot submit.*Requires read access.*\n.*--allow-read=.*--no-history/,
  },
  {
    grant: /^--allow-write=.*state/,
    code: 8,
    message: /Cannot submit.*Requires write access.*\n.*--allow-write=.*--no-history/,
  },
];

for (const grant of flags("HOST", "/home").flatMap(grantsOf)) {
  Deno.test(`without ${grant} the main job reports the missing permission, and starts nothing`, async () => {
    const want = WITHOUT.find((row) => row.grant.test(grant));
    assert.ok(want !== undefined, `${grant} has no expectation`);
    await using simulator = await startSimulator({ clock: fastClock(systemClock, 60) });
    await using folder = await emptyFolder();
    await using home = await emptyFolder();
    await Deno.mkdir(`${folder.path}/inputs`);
    await Deno.copyFile(
      new URL("../inputs/hello-world.json", import.meta.url),
      `${folder.path}/inputs/hello-world.json`,
    );
    const remaining = flags(new URL(simulator.url).host, home.path).flatMap(grantsOf).filter((flag) =>
      !want.grant.test(flag)
    );
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [...RUN, ...flagsOf(remaining), MAIN, "run", "hello-world", "-i", "inputs/hello-world.json"],
      cwd: folder.path,
      clearEnv: true,
      env: { ...machineEnv(), ...cacheEnv(), HOME: home.path, NO_COLOR: "1", PW_API_KEY: simulator.key },
      stdin: "null",
      signal: AbortSignal.timeout(DEADLINE_MS),
    }).output();
    const output = new TextDecoder().decode(stderr);
    assert.equal(code, want.code, output);
    assert.match(output, want.message);
    assert.ok(!/^\s+at /m.test(output), output);
    assert.equal(simulator.received("submit").length, 0);
  });
}

/** Splits `--allow-env=A,B` into `--allow-env=A` and `--allow-env=B`. */
function grantsOf(flag: string): string[] {
  const [name = "", values = ""] = flag.split("=");
  return values.split(",").map((value) => `${name}=${value}`);
}

/** Joins them again, because older versions of Deno accept each flag only once. */
function flagsOf(grants: readonly string[]): string[] {
  const values = new Map<string, string[]>();
  for (const grant of grants) {
    const [name = "", value = ""] = grant.split("=");
    values.set(name, [...values.get(name) ?? [], value]);
  }
  return [...values].map(([name, all]) => `${name}=${all.join(",")}`);
}
