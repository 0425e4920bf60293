/** The main job as a user does it: submit inputs/hello-world.json, follow the run, see its end. In a process of its own. */

import assert from "node:assert/strict";
import { fastClock, systemClock } from "../../lib/clock.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { submittedTo } from "./received.ts";

const INPUTS = new URL("../../inputs/hello-world.json", import.meta.url);
const DEADLINE_MS = 120_000;
/** Without these a process finds neither its libraries nor the network; none of them is ours. */
const OF_THE_MACHINE = /^(PATH|SystemRoot|TEMP|TMP|LD_LIBRARY_PATH|SSL_CERT_\w+|\w+_PROXY|\w+_proxy|NPM_CONFIG_\w+)$/;

export interface Launch {
  readonly program: string;
  /** Arguments before those of the main job. */
  readonly args: (place: Place) => readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Where the main job is done. */
export interface Place {
  /** The host and port that are to be reached. */
  readonly platform: string;
  /** What HOME is. */
  readonly home: string;
}

/** Does the main job in an empty folder, with a HOME of its own, and checks what it said and what the platform received. */
export async function assertMainJob({ program, args, env = {} }: Launch): Promise<void> {
  await using simulator = await startSimulator({ clock: fastClock(systemClock, 60) });
  await using folder = await emptyFolder();
  await using home = await emptyFolder();
  await Deno.mkdir(`${folder.path}/inputs`);
  await Deno.copyFile(INPUTS, `${folder.path}/inputs/hello-world.json`);
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [
      ...args({ platform: new URL(simulator.url).host, home: home.path }),
      "run",
      "hello-world",
      "-i",
      "inputs/hello-world.json",
    ],
    cwd: folder.path,
    clearEnv: true,
    env: { ...machineEnv(), HOME: home.path, ...env, PW_API_KEY: simulator.key },
    stdin: "null",
    signal: AbortSignal.timeout(DEADLINE_MS),
  }).output();
  const [said, conversation] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert.equal(code, 0, `exit code ${code}\n${said}\n${conversation}`);
  assert.match(said ?? "", /^✓ Workflow completed successfully\n$/m);
  const wanted = JSON.parse(await Deno.readTextFile(INPUTS));
  assert.deepEqual(submittedTo(simulator), [{ workflow: "hello-world", inputs: wanted }]);
}

export interface EmptyFolder extends AsyncDisposable {
  readonly path: string;
}

/** A new folder far from the checkout, so that no configuration is found above it. */
export async function emptyFolder(): Promise<EmptyFolder> {
  const path = await Deno.makeTempDir();
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

export function machineEnv(): Record<string, string> {
  return Object.fromEntries(Object.entries(Deno.env.toObject()).filter(([name]) => OF_THE_MACHINE.test(name)));
}
