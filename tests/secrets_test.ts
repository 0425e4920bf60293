/** Passes secrets in every possible way to real processes, then searches everything they wrote for them. */

import assert from "node:assert/strict";
import { fastClock, systemClock } from "../lib/clock.ts";
import type { Simulator, SimulatorOptions } from "../lib/simulator/simulator.ts";
import { startSimulator } from "../lib/simulator/start.ts";
import { emptyFolder } from "./support/main_job.ts";
import { runProgram } from "./support/program.ts";

const PASSWORD = "hunter2-planted-password";
const TOKEN = "planted-token-4711";
const ESCAPED_PASSWORD = 'quo"ted\\and\nbroken';
const SHORT_TOKEN = "q7x9";
const FILE_SECRET = "planted-in-a-file-0815";
const DEBUG = ["--log-level", "DEBUG"];
const WORKFLOW = `on:
  execute:
    inputs:
      password:
        type: password
      api_token:
        type: string
      note:
        type: string
        optional: true
jobs:
  main:
    steps:
      - name: work
        run: work
`;
const inputsWith = (password: string, token: string) => [
  ...["-i", `password=${password}`],
  ...["-i", `{"api_token": "${token}"}`],
];
const INPUTS = inputsWith(PASSWORD, TOKEN);

interface Row {
  readonly when: string;
  readonly args: readonly string[];
  readonly options?: SimulatorOptions;
  readonly kind?: "pwt" | "pwut" | "jwt";
  readonly entry?: string;
  /** The platform rejects the submit and quotes it. */
  readonly echo?: boolean;
  readonly from?: "environment" | "dotenv" | "file";
}

const OPTIONS = ["-i", "note=@secret.txt", "--timeout", "1m", "--submit-timeout", "1s"];
const RUN = ["run", "vault", ...INPUTS, ...OPTIONS];
const SUBMIT = (fault: object) => ({ faults: [{ on: "submit", ...fault }] }) as SimulatorOptions;

const ROWS: readonly Row[] = [
  ...(["pwt", "pwut", "jwt"] as const).map((kind) => ({ when: `a ${kind} API key is used`, args: RUN, kind })),
  { when: "the API key is in .env", args: RUN, from: "dotenv" },
  { when: "the API key is in the credentials file", args: RUN, from: "file" },
  { when: "the output is JSON", args: [...RUN, "--json"] },
  { when: "events are printed", args: [...RUN, "--events"] },
  { when: "inputs are explained", args: ["inputs", "explain", "vault", ...INPUTS] },
  { when: "it is a dry run", args: [...RUN, "--dry-run"] },
  { when: "inputs are invalid", args: [...RUN, "-i", "pasword=x", "--strict"] },
  { when: "the submit is rejected with 401", args: RUN, options: SUBMIT({ status: 401 }) },
  { when: "the submit is rejected with 403", args: RUN, options: SUBMIT({ status: 403 }) },
  { when: "the submit is rejected with 422", args: RUN, options: SUBMIT({ status: 422 }) },
  { when: "the server quotes the inputs in its rejection", args: RUN, echo: true },
  { when: "the server quotes the inputs in its rejection, in JSON", args: [...RUN, "--json"], echo: true },
  {
    when: "the server quotes secrets with four characters, quotes, backslashes and line breaks",
    args: ["run", "vault", ...inputsWith(ESCAPED_PASSWORD, SHORT_TOKEN), ...OPTIONS],
    echo: true,
  },
  { when: "the submit gets 429", args: RUN, options: SUBMIT({ status: 429, times: Infinity }) },
  { when: "the submit response is cut off", args: RUN, options: SUBMIT({ cut: "after-effect" }) },
  { when: "a response is unreadable", args: RUN, options: { faults: [{ on: "get-workflow", body: "malformed" }] } },
  { when: "doctor checks the setup", args: ["doctor", "--json"] },
  {
    when: "the program has a defect",
    args: RUN,
    entry: new URL("./support/throwing_main.ts", import.meta.url).href,
  },
];

for (const { when, args, options = {}, kind = "pwt", entry, echo = false, from = "environment" } of ROWS) {
  Deno.test(`when ${when}, no secret is printed or stored`, async () => {
    await using folder = await emptyFolder();
    await using simulator = await startSimulator({
      clock: fastClock(systemClock, 60),
      workflows: { vault: WORKFLOW },
      ...options,
    });
    await using server = echo ? echoServer(simulator) : null;
    const key = server === null ? simulator.keyFor("demo", kind) : `pwt_${btoa(server.url)}.planted-key-0123456789`;
    const state = `${folder.path}/state`;
    await Deno.writeTextFile(`${folder.path}/secret.txt`, FILE_SECRET);
    await Deno.mkdir(`${folder.path}/config/pw`, { recursive: true });
    if (from === "dotenv") await Deno.writeTextFile(`${folder.path}/.env`, `PW_API_KEY=${key}\n`);
    if (from === "file") {
      const file = { identities: [{ name: "me", key }], currentIdentity: "me" };
      await Deno.writeTextFile(`${folder.path}/config/pw/credentials`, JSON.stringify(file));
    }
    const env = {
      PW_STATE_DIR: state,
      XDG_CONFIG_HOME: `${folder.path}/config`,
      ...(from === "environment" ? { PW_API_KEY: key } : {}),
    };
    const call = { env, cwd: folder.path, ...(entry === undefined ? {} : { entry }) };
    const printed: string[] = [];
    for (
      const command of [[...args, ...DEBUG], ["history", "show", "last", "--json", ...DEBUG], ["history", ...DEBUG]]
    ) {
      const { stdout, stderr } = await runProgram({ ...call, args: command });
      printed.push(stdout, stderr);
    }
    const stored = await textsIn(state);
    const secrets = {
      password: PASSWORD,
      token: TOKEN,
      "the short token": SHORT_TOKEN,
      "the password with quotes": ESCAPED_PASSWORD,
      "the password with quotes, in JSON": JSON.stringify(ESCAPED_PASSWORD).slice(1, -1),
      key,
      "the key's header": btoa(`${key}:`),
      "the key's end": key.slice(-16),
    };
    for (const [name, secret] of Object.entries(secrets)) {
      for (const text of [...printed, ...stored]) {
        assert.ok(!text.includes(secret), `${name} found in: ${text.slice(0, 3_000)}`);
      }
    }
  });
}

/** A proxy in front of the simulator that rejects every submit with a message that quotes it. */
function echoServer(simulator: Simulator): { readonly url: string } & AsyncDisposable {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const text = await request.text();
    const { pathname, search } = new URL(request.url);
    if (request.method === "POST") {
      const message = `Cannot run with ${text}`;
      return Response.json({ error: true, message, errors: [text] }, { status: 400 });
    }
    const headers = { authorization: `Basic ${btoa(`${simulator.key}:`)}` };
    return await fetch(`${simulator.url}${pathname}${search}`, { headers });
  });
  return { url: `http://127.0.0.1:${server.addr.port}`, [Symbol.asyncDispose]: () => server.shutdown() };
}

async function textsIn(folder: string): Promise<string[]> {
  const texts: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) {
      texts.push(new TextDecoder("latin1").decode(await Deno.readFile(`${folder}/${name}`)));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return texts;
}

/** With quotes, backslashes and a newline, and one of the shortest that are redacted. */
const PLANTED = ['pl"ant\\ed\nsecret', "q7~x"];

const REPEATED: Readonly<Record<string, readonly string[]>> = {
  "a run completes": ["run", "vault"],
  "a run fails": ["run", "vault-failing"],
  "waiting for a run times out": ["run", "vault-slow", "--timeout", "2s"],
  "a run is cancelled": ["run", "vault-slow", "--timeout", "2s", "--on-timeout", "cancel"],
  "a run is submitted without waiting": ["run", "vault-slow", "--no-wait"],
  "the submit response is cut off": ["run", "vault"],
  "the submit is rejected": ["run", "vault"],
};

for (const [when, command] of Object.entries(REPEATED)) {
  Deno.test(`when ${when} on a server that repeats secrets everywhere, none is printed or stored`, async () => {
    await using folder = await emptyFolder();
    const isCut = when === "the submit response is cut off";
    const isRejected = when === "the submit is rejected";
    await using simulator = await startSimulator({
      clock: fastClock(systemClock, 60),
      workflows: {
        vault: WORKFLOW,
        "vault-failing": { yaml: WORKFLOW, scenario: { "main/work": { fails: true } } },
        "vault-slow": { yaml: WORKFLOW, scenario: { "main/work": { lasts: "28h" } } },
      },
      ...(isCut ? { faults: [{ on: "submit", cut: "after-effect" }] } : {}),
    });
    await using server = repeatingServer(simulator, { isRejected });
    const state = `${folder.path}/state`;
    const key = `pwt_${btoa(server.url)}.planted-key-0123456789`;
    const call = { env: { PW_API_KEY: key, PW_STATE_DIR: state }, cwd: folder.path };
    await Deno.writeTextFile(
      `${folder.path}/inputs.json`,
      JSON.stringify({ password: PLANTED[0], api_token: PLANTED[1] }),
    );
    const printed: string[] = [];
    const [name = "", workflow = "", ...options] = command;
    for (const mode of [[], ["--json"], ["--events"]]) {
      const args = [name, workflow, "-i", "inputs.json", ...options, "--submit-timeout", "5s", ...mode, ...DEBUG];
      const { stdout, stderr } = await runProgram({ ...call, args });
      printed.push(stdout, stderr);
    }
    for (
      const args of [["resume", "--all", "--timeout", "1s"], ["history", "show", "last", "--json"], [
        "history",
        "--json",
      ]]
    ) {
      const { stdout, stderr } = await runProgram({ ...call, args: [...args, ...DEBUG] });
      printed.push(stdout, stderr);
    }
    assert.ok(printed.some((text) => text.includes("•••")), "nothing was repeated");
    for (const text of [...printed, ...await textsIn(state)]) {
      for (const form of PLANTED.flatMap(repetitionsOf)) {
        assert.ok(!text.includes(form), `${JSON.stringify(form)} found in: ${text.slice(0, 6_000)}`);
      }
    }
  });
}

function repetitionsOf(secret: string): readonly string[] {
  const escaped = JSON.stringify(secret).slice(1, -1);
  return [secret, escaped, JSON.stringify(escaped).slice(1, -1), encodeURIComponent(secret), btoa(secret)];
}

/** A proxy that adds the secrets to every text that the platform can choose itself. */
function repeatingServer(
  simulator: Simulator,
  { isRejected }: { readonly isRejected: boolean },
): { readonly url: string } & AsyncDisposable {
  const planted = PLANTED.flatMap(repetitionsOf).join(" ");
  const authorization = `Basic ${btoa(`${simulator.key}:`)}`;
  const repeat = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(repeat);
    if (typeof value !== "object" || value === null) return value;
    const members = Object.entries(value).map(([name, member]) => [name, repeat(member)]);
    const isRun = "executedJobs" in value || "inlineRun" in value;
    return Object.fromEntries([...members, ...(isRun ? [["statusReason", `because ${planted}`]] : [])]);
  };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { pathname, search } = new URL(request.url);
    const body = request.method === "POST" ? await request.text() : undefined;
    if (isRejected && pathname === "/api/workflow-runs" && request.method === "POST") {
      return Response.json({ error: true, message: `no: ${planted}`, errors: [planted] }, { status: 400 });
    }
    const headers = new Headers(request.headers);
    headers.set("authorization", authorization);
    const response = await fetch(`${simulator.url}${pathname}${search}`, {
      method: request.method,
      headers,
      body: body ?? null,
    });
    if (response.status === 204) return new Response(null, { status: 204 });
    const text = await response.text();
    if (pathname.endsWith("/files") && response.ok) {
      return Response.json(`${JSON.parse(text)}::error title=${planted}::${planted}\n${planted}\n`);
    }
    const isJson = (response.headers.get("content-type") ?? "").includes("json");
    return new Response(isJson ? JSON.stringify(repeat(JSON.parse(text))) : text, {
      status: response.status,
      headers: { "content-type": response.headers.get("content-type") ?? "text/plain" },
    });
  });
  return { url: `http://127.0.0.1:${server.addr.port}`, [Symbol.asyncDispose]: () => server.shutdown() };
}
