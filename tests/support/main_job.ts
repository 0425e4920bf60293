/** The main use case in a process of its own: submit inputs/hello-world.json and track the run to its end. */

import assert from "node:assert/strict";
import { fastClock, systemClock } from "../../lib/clock.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { submittedTo } from "./received.ts";

const INPUTS = new URL("../../inputs/hello-world.json", import.meta.url);
const DEADLINE_MS = 120_000;
/** Processes need these variables to find libraries and the network; none of them belongs to this program. */
const MACHINE_VARIABLES =
  /^(PATH|SystemRoot|TEMP|TMP|LD_LIBRARY_PATH|SSL_CERT_\w+|\w+_PROXY|\w+_proxy|NPM_CONFIG_\w+)$/;

export interface Launch {
  readonly program: string;
  /** The arguments before those of the main use case. */
  readonly args: (environment: JobEnvironment) => readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface JobEnvironment {
  /** The platform's host and port. */
  readonly platform: string;
  /** The value of HOME. */
  readonly home: string;
}

/** Runs in an empty folder with its own HOME, and checks the output and what the platform received. */
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
  const [output, progress] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert.equal(code, 0, `exit code ${code}\n${output}\n${progress}`);
  assert.match(output ?? "", /^✓ Workflow completed successfully\n$/m);
  const expected = JSON.parse(await Deno.readTextFile(INPUTS));
  assert.deepEqual(submittedTo(simulator), [{ workflow: "hello-world", inputs: expected }]);
}

export interface EmptyFolder extends AsyncDisposable {
  readonly path: string;
}

/** A new folder outside the checkout, so that no configuration is found in a parent folder. */
export async function emptyFolder(): Promise<EmptyFolder> {
  const path = await Deno.makeTempDir();
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

export function machineEnv(): Record<string, string> {
  return Object.fromEntries(Object.entries(Deno.env.toObject()).filter(([name]) => MACHINE_VARIABLES.test(name)));
}
