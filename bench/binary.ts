/**
 * Compares the compiled program with a compiled one-line program: the duration of `--version`, and the size. Both are
 * compiled here by the same Deno and started alternately, so that other load affects both.
 */

import { compileProgram } from "../.ci/release/code_cache.ts";
import { compileExecutable } from "../.ci/release/executable.ts";
import { bundleProgram, commitOfCheckout } from "../.ci/release/bundle.ts";
import { asTarget } from "../.ci/release/targets.ts";
import { versionLine } from "../lib/version.ts";

const ROUNDS = 40;
const DEADLINE_MS = 30_000;
const START_GOAL = 1.3;
const SIZE_GOAL = 1.15;

/** Prints both ratios; returns 1 when a goal is missed, else 0. */
export async function benchBinary(print: (line: string) => void): Promise<number> {
  const folder = await Deno.makeTempDir();
  try {
    const { ours, bare } = await compileBoth(folder);
    const sizes = { ours: (await Deno.stat(ours)).size, bare: (await Deno.stat(bare)).size };
    const rounds: { readonly oursMs: number; readonly bareMs: number }[] = [];
    await timeOnce(bare); // the first start reads the file from disk
    await timeOnce(ours);
    for (let round = 0; round < ROUNDS; round++) {
      rounds.push({ bareMs: await timeOnce(bare), oursMs: await timeOnce(ours) });
    }
    const starts = { ours: median(rounds.map((one) => one.oursMs)), bare: median(rounds.map((one) => one.bareMs)) };
    print(`The binary's --version compared with a compiled one-line program, medians of ${ROUNDS} rounds\n`);
    print(`${" ".repeat(6)}${"one line".padStart(11)}${"ours".padStart(11)}`);
    const start = median(rounds.map(({ oursMs, bareMs }) => oursMs / bareMs));
    const isQuick = printRow(print, "start", { ...starts, unit: "ms", ratio: start, goal: START_GOAL });
    const isSmall = printRow(print, "size", {
      ours: sizes.ours / 1e6,
      bare: sizes.bare / 1e6,
      unit: "MB",
      ratio: sizes.ours / sizes.bare,
      goal: SIZE_GOAL,
    });
    return isQuick && isSmall ? 0 : 1;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function compileBoth(folder: string): Promise<{ readonly ours: string; readonly bare: string }> {
  const deno = Deno.env.get("COMPILE_DENO") ?? Deno.execPath();
  const target = asTarget(Deno.build.target);
  if (target === undefined) throw new Error(`no binary for ${Deno.build.target}`);
  const ending = Deno.build.os === "windows" ? ".exe" : "";
  const [ours, bare] = [`${folder}/ours/pw-workflow-runner${ending}`, `${folder}/bare/pw-workflow-runner${ending}`];
  await Deno.writeTextFile(`${folder}/bare.ts`, `console.log(${JSON.stringify(versionLine(""))});\n`);
  const bundle = await bundleProgram({ deno: Deno.execPath(), folder, commit: await commitOfCheckout() });
  await compileProgram({ deno, target, bundle, folder, output: ours });
  await compileExecutable({ deno, target, entry: `${folder}/bare.ts`, output: bare });
  return { ours, bare };
}

async function timeOnce(program: string): Promise<number> {
  const startedMs = performance.now();
  const { code, stdout } = await new Deno.Command(program, {
    args: ["--version"],
    stdin: "null",
    stderr: "null",
    signal: AbortSignal.timeout(DEADLINE_MS),
  }).output();
  const tookMs = performance.now() - startedMs;
  const output = new TextDecoder().decode(stdout).trim();
  if (code !== 0 || !output.startsWith(versionLine(""))) throw new Error(`${program} ended with ${code}: ${output}`);
  return tookMs;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

interface Row {
  readonly ours: number;
  readonly bare: number;
  readonly unit: string;
  readonly ratio: number;
  readonly goal: number;
}

/** @returns Whether the goal is reached. */
function printRow(print: (line: string) => void, name: string, { ours, bare, unit, ratio, goal }: Row): boolean {
  const isReached = ratio <= goal;
  const cells = [bare, ours].map((value) => `${value.toFixed(1)} ${unit}`.padStart(11)).join("");
  print(`${name.padEnd(6)}${cells}  ${ratio.toFixed(2)}×  goal ${goal}×, ${isReached ? "reached" : "missed"}`);
  return isReached;
}
