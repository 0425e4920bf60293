/** The README promises that its flags suffice: the main job runs with them, and lacking one it says which. */

import assert from "node:assert/strict";
import { fastClock, systemClock } from "../lib/clock.ts";
import { startSimulator } from "../lib/simulator/start.ts";
import { assertMainJob, emptyFolder, machineEnv } from "./support/main_job.ts";
import { cacheEnv } from "./support/program.ts";
import { leastFlags } from "./support/readme.ts";

const MAIN = new URL("../main.ts", import.meta.url).href;
const DEADLINE_MS = 60_000;
const flags = await leastFlags();

Deno.test("the main job runs with the permissions that the README names, and no more", async () => {
  await assertMainJob({
    program: Deno.execPath(),
    args: ({ platform, home }) => ["run", "--no-prompt", ...flags(platform, home), MAIN],
    env: cacheEnv(),
  });
});

/** What is said without a grant, and how the call ends. */
const WITHOUT: readonly { readonly grant: RegExp; readonly code: number; readonly said: RegExp }[] = [
  { grant: /^--allow-env=PW_API_KEY$/, code: 2, said: /without env access to "PW_API_KEY"\n.*--allow-env/ },
  { grant: /^--allow-env=HOME$/, code: 8, said: /no place for it is known\n.*PW_STATE_DIR.*HOME/ },
  { grant: /^--allow-net=/, code: 8, said: /the runtime does not allow connections.*\n.*--allow-net/ },
  {
    grant: /^--allow-read=\.$/,
    code: 2,
    said: /cannot read inputs\/hello-world\.json: Requires read access.*--allow-read/,
  },
  {
    grant: /^--allow-read=.*state/,
    code: 8,
    said: /Cannot submit.*Requires read access.*\n.*--allow-read=.*--no-history/,
  },
  {
    grant: /^--allow-write=.*state/,
    code: 8,
    said: /Cannot submit.*Requires write access.*\n.*--allow-write=.*--no-history/,
  },
];

for (const grant of flags("HOST", "/home").flatMap(grantsOf)) {
  Deno.test(`without ${grant} the main job says what is missing, and starts nothing`, async () => {
    const want = WITHOUT.find((row) => row.grant.test(grant));
    assert.ok(want !== undefined, `nothing is expected of ${grant}`);
    await using simulator = await startSimulator({ clock: fastClock(systemClock, 60) });
    await using folder = await emptyFolder();
    await using home = await emptyFolder();
    await Deno.mkdir(`${folder.path}/inputs`);
    await Deno.copyFile(
      new URL("../inputs/hello-world.json", import.meta.url),
      `${folder.path}/inputs/hello-world.json`,
    );
    const left = flags(new URL(simulator.url).host, home.path).flatMap(grantsOf).filter((flag) =>
      !want.grant.test(flag)
    );
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", ...flagsOf(left), MAIN, "run", "hello-world", "-i", "inputs/hello-world.json"],
      cwd: folder.path,
      clearEnv: true,
      env: { ...machineEnv(), ...cacheEnv(), HOME: home.path, NO_COLOR: "1", PW_API_KEY: simulator.key },
      stdin: "null",
      signal: AbortSignal.timeout(DEADLINE_MS),
    }).output();
    const said = new TextDecoder().decode(stderr);
    assert.equal(code, want.code, said);
    assert.match(said, want.said);
    assert.ok(!/^\s+at /m.test(said), said);
    assert.equal(simulator.received("submit").length, 0);
  });
}

/** `--allow-env=A,B` is `--allow-env=A` and `--allow-env=B`. */
function grantsOf(flag: string): string[] {
  const [name = "", values = ""] = flag.split("=");
  return values.split(",").map((value) => `${name}=${value}`);
}

/** And back: older versions take each flag once. */
function flagsOf(grants: readonly string[]): string[] {
  const values = new Map<string, string[]>();
  for (const grant of grants) {
    const [name = "", value = ""] = grant.split("=");
    values.set(name, [...values.get(name) ?? [], value]);
  }
  return [...values].map(([name, all]) => `${name}=${all.join(",")}`);
}
