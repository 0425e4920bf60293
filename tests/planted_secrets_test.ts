/** A server repeats secrets in every field of its answers, on every path: nothing that is written shows them. */

import assert from "node:assert/strict";
import { runCommandLine } from "../lib/cli/program.ts";
import type { SimulatorOptions } from "../lib/simulator/simulator.ts";
import { startSimulator } from "../lib/simulator/start.ts";
import { aContext } from "./support/cli_context.ts";
import { sharedClock } from "./support/fast_main.ts";
import { textsIn } from "./support/files.ts";
import { emptyFolder } from "./support/main_job.ts";
import { PLANTED, PLANTED_FIELDS, plantedIn, plantingFetch } from "./support/planting.ts";
import { bufferedWriter } from "./support/writer.ts";

const YAML = `on:
  execute:
    inputs:
      entry: { type: password }
      api_token: { type: string }
jobs:
  main:
    steps:
      - name: work
        run: work
`;
const WORKFLOWS = {
  vault: { yaml: YAML, scenario: { "main/work": { lasts: "1s" } } },
  "vault-failing": { yaml: YAML, scenario: { "main/work": { fails: true } } },
  "vault-slow": { yaml: YAML, scenario: { "main/work": { lasts: "28h" } } },
};

interface Path {
  readonly args: readonly string[];
  /** Exit codes of which one is expected. */
  readonly codes: readonly number[];
  readonly options?: SimulatorOptions;
}

const LOST = [{ on: "submit", cut: "after-effect", times: Infinity }] as const;
const refused = (status: number): Path => ({
  args: ["vault", "--submit-timeout", "1s"],
  codes: [2, 4, 5, 6, 8],
  options: { faults: [{ on: "submit", status, times: Infinity }] },
});

const PATHS: Readonly<Record<string, Path>> = {
  "completes": { args: ["vault"], codes: [0] },
  "fails": { args: ["vault-failing"], codes: [1] },
  "is cancelled": { args: ["vault-slow", "--timeout", "30s", "--on-timeout", "cancel"], codes: [3, 124] },
  "is still open after the timeout": { args: ["vault-slow", "--timeout", "30s"], codes: [124] },
  "is not waited for": { args: ["vault-slow", "--no-wait"], codes: [0] },
  "is found after a lost response": { args: ["vault"], codes: [0], options: { faults: LOST } },
  "is not found after a lost response": {
    args: ["vault"],
    codes: [6],
    options: { faults: LOST, behavior: { readLagMs: 1e9, listLagMs: 1e9 } },
  },
  "is unreadable": {
    args: ["vault", "--timeout", "30s"],
    codes: [124, 7],
    options: { faults: [{ on: "get-run", status: 500, times: Infinity }] },
  },
};
const REFUSALS: Readonly<Record<string, Path>> = {
  ...Object.fromEntries(
    [400, 401, 403, 404, 409, 422, 429, 500].map((status) => [`is refused with ${status}`, refused(status)]),
  ),
  // Of each form of an error.
  ...Object.fromEntries([400, 403, 500, 422].map((status) => [`fails, and its log is refused with ${status}`, {
    args: ["vault-failing"],
    codes: [1],
    options: { faults: [{ on: "read-file", status, times: Infinity }] },
  }])),
};

for (const field of PLANTED_FIELDS) {
  for (const [when, path] of Object.entries(PATHS)) testPlanted(field, when, path);
}
for (const [when, path] of Object.entries(REFUSALS)) testPlanted("texts", when, path);

function testPlanted(field: typeof PLANTED_FIELDS[number], when: string, { args, codes, options = {} }: Path): void {
  Deno.test(`when a run ${when}, and a server repeats secrets in ${field}, nothing written shows them`, async () => {
    // Requests have real time: a machine may be busy.
    const clock = sharedClock(Date.now(), 120);
    await using state = await emptyFolder();
    await using simulator = await startSimulator({ clock, workflows: WORKFLOWS, ...options });
    const env = new Map([["PW_API_KEY", simulator.key], ["PW_STATE_DIR", `${state.path}/state`]]);
    for (const name of ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"]) env.set(name, name);
    const inputs = JSON.stringify({ entry: PLANTED[0], api_token: PLANTED[1] });
    const written = new Map<string, string>();
    const call = async (...command: readonly string[]) => {
      const [stdout, stderr] = [bufferedWriter(), bufferedWriter()];
      const code = await runCommandLine(aContext({
        args: [...command, "--log-level", "DEBUG"],
        env: (name) => env.get(name),
        clock,
        random: Math.random,
        fetch: plantingFetch(field),
        readTextFile: (path) => path.endsWith("inputs.json") ? Promise.resolve(inputs) : Deno.readTextFile(path),
        appendFile: (path, text) => void written.set(path, `${written.get(path) ?? ""}${text}`),
        stdout,
        stderr,
      }));
      written.set(`stdout of ${command.join(" ")}`, stdout.text());
      written.set(`stderr of ${command.join(" ")}`, stderr.text());
      return { code, stdout: stdout.text(), stderr: stderr.text() };
    };
    for (const mode of [["--json"], ["--events"], ["--report", "github"]]) {
      const { code, stderr } = await call("run", ...args, "-i", "inputs.json", ...mode);
      assert.ok(codes.includes(code), `exit code ${code}: ${stderr}`);
    }
    await call("resume", "--all", "--timeout", "1s");
    await call("history", "--json");
    for (const command of ["history show", "status", "watch", "errors", "logs", "cancel"]) {
      const args = [...command.split(" "), "last", ...(command === "watch" ? ["--timeout", "1s"] : [])];
      await call(...args, "--json");
      await call(...args);
    }
    for (const [name, text] of await textsIn(`${state.path}/state`)) written.set(name, text);
    for (const [name, text] of written) {
      assert.deepEqual(plantedIn(text), [], `${name}:\n${text.slice(0, 6_000)}`);
    }
  });
}

for (
  const [what, start, later] of [
    ["a run of a batch", "batch rows.json --workflow vault-slow", ["batch cancel rows"]],
    ["a run", "run vault-slow -i inputs.json", ["watch last", "resume"].map((args) => `${args} --on-timeout cancel`)],
  ] as const
) {
  for (const status of [400, 403, 422, 500]) {
    Deno.test(`when ${what} cannot be cancelled (${status}), nothing written shows its secrets`, async () => {
      const clock = sharedClock(Date.now(), 120);
      await using state = await emptyFolder();
      const faults = [{ on: "cancel-run", status, times: Infinity }] as const;
      await using simulator = await startSimulator({ clock, workflows: WORKFLOWS, faults });
      const env = new Map([["PW_API_KEY", simulator.key], ["PW_STATE_DIR", `${state.path}/state`]]);
      const inputs = { entry: PLANTED[0], api_token: PLANTED[1] };
      const files = new Map([["rows.json", JSON.stringify([{ inputs }])], ["inputs.json", JSON.stringify(inputs)]]);
      const call = async (...args: readonly string[]) => {
        const [stdout, stderr] = [bufferedWriter(), bufferedWriter()];
        const code = await runCommandLine(aContext({
          args,
          env: (name) => env.get(name),
          clock,
          random: Math.random,
          fetch: plantingFetch("texts"),
          readTextFile: (path) => Promise.resolve(files.get(path)).then((text) => text ?? Deno.readTextFile(path)),
          stdout,
          stderr,
        }));
        return { code, text: stdout.text() + stderr.text() };
      };
      const started = await call(...start.split(" "), "--timeout", "30s");
      assert.equal(started.code, 124, started.text);
      for (const args of later.flatMap((args) => [args, `${args} --json`])) {
        const limit = args.startsWith("batch") ? [] : ["--timeout", "1s"];
        const { code, text } = await call(...args.split(" "), ...limit);
        assert.ok([2, 4, 8, 124].includes(code), `${args}: ${text}`);
        assert.match(text, /Cannot cancel/);
        assert.deepEqual(plantedIn(text), [], `${args}: ${text}`);
      }
    });
  }
}
