/** A PostgreSQL server of its own for a test: in a temporary folder, on loopback, with every commit written to disk. */

import assert from "node:assert/strict";
import { freePort } from "./free_port.ts";

const DEADLINE_MS = 60_000;
/** Where Debian puts the server's programs, which are not on PATH. */
const VERSIONS = "/usr/lib/postgresql";
const DATABASE = "runs";
/** With characters that a URL escapes. */
const PASSWORD = "pass word/@1";

/** Disposing is synchronous, so that a file's tests can share a server and end it when the file is unloaded. */
export interface PostgresServer extends Disposable {
  readonly url: string;
  readonly password: string;
  /** The URL of another, empty schema. */
  createSchema(): Promise<string>;
  /** Runs one statement in the first database, and returns what psql prints, without headings. */
  query(statement: string): Promise<string>;
  /** As a crash: nothing is flushed, and connections break. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

/** Names what is missing where there is no server to start. */
export async function postgresMissing(): Promise<string | undefined> {
  return await binaries() === undefined ? "PostgreSQL is not there" : undefined;
}

export async function startPostgres(): Promise<PostgresServer> {
  const programs = await binaries();
  if (programs === undefined) throw new Error("PostgreSQL is not there");
  const folder = await Deno.makeTempDir({ prefix: "pw-postgres-" });
  const data = `${folder}/data`;
  const passwordFile = `${folder}/password`;
  const port = freePort();
  await Deno.writeTextFile(passwordFile, PASSWORD);
  const run = async (program: string, ...args: readonly string[]): Promise<string> =>
    await runToEnd(asOwner([`${programs}/${program}`, ...args]), folder);
  const control = (...args: readonly string[]) => run("pg_ctl", "-D", data, "-w", "-t", "30", ...args);
  const psql = (database: string, statement: string) =>
    run("psql", "-h", folder, "-p", String(port), "-U", "postgres", "-d", database, "-Atqc", statement);
  const url = `postgres://postgres:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/${DATABASE}`;
  const server: PostgresServer = {
    url,
    password: PASSWORD,
    async createSchema() {
      const name = `test_${crypto.randomUUID().replaceAll("-", "")}`;
      await psql(DATABASE, `CREATE SCHEMA ${name}`);
      return `${url}?options=-csearch_path%3D${name}`;
    },
    query: async (statement) => (await psql(DATABASE, statement)).trim(),
    kill: async () => void await control("stop", "-m", "immediate"),
    start: async () => void await control("start", "-l", `${folder}/log`),
    [Symbol.dispose]() {
      const [program = "", ...args] = asOwner([
        `${programs}/pg_ctl`,
        "-D",
        data,
        "-t",
        "30",
        "-m",
        "immediate",
        "stop",
      ]);
      // Fails where the server is not running, as after a failed start.
      new Deno.Command(program, { args, cwd: folder, stdin: "null", stdout: "null", stderr: "null" }).outputSync();
      Deno.removeSync(folder, { recursive: true });
    },
  };
  try {
    if (Deno.uid() === 0) await runToEnd(["chown", "-R", "postgres", folder], folder);
    await run(
      "initdb",
      ...["-D", data, "-U", "postgres", "--pwfile", passwordFile, "-E", "UTF8", "--locale", "C.UTF-8"],
      // Words are ordered as people expect, and not as bytes: what relies on the order of bytes has to ask for it.
      ...["--locale-provider", "icu", "--icu-locale", "en-US"],
      ...["--auth-local", "trust", "--auth-host", "scram-sha-256"],
    );
    const settings = [`port = ${port}`, "listen_addresses = '127.0.0.1'", `unix_socket_directories = '${folder}'`];
    await Deno.writeTextFile(`${data}/postgresql.conf`, `\n${settings.join("\n")}\n`, { append: true });
    await server.start();
    await psql("postgres", `CREATE DATABASE ${DATABASE}`);
    return server;
  } catch (error) {
    server[Symbol.dispose]();
    throw error;
  }
}

/** The newest version's; `undefined` where there is none. */
async function binaries(): Promise<string | undefined> {
  try {
    const versions = (await Array.fromAsync(Deno.readDir(VERSIONS))).map(({ name }) => name);
    const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
    const folder = `${VERSIONS}/${newest}/bin`;
    await Deno.stat(`${folder}/initdb`);
    return folder;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** The server refuses to run as root. */
function asOwner(command: readonly string[]): readonly string[] {
  return Deno.uid() === 0
    ? ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups", ...command]
    : command;
}

async function runToEnd([program = "", ...args]: readonly string[], cwd: string): Promise<string> {
  // A file instead of a pipe: the server keeps what it inherits open.
  const output = await Deno.makeTempFile();
  try {
    const { code } = await new Deno.Command("sh", {
      args: ["-c", 'exec "$0" "$@" >"$OUTPUT" 2>&1 </dev/null', program, ...args],
      cwd,
      env: { OUTPUT: output },
      stdout: "null",
      stderr: "null",
      signal: AbortSignal.timeout(DEADLINE_MS),
    }).output();
    const text = await Deno.readTextFile(output);
    assert.equal(code, 0, `${program} ${args.join(" ")}: ${text}`);
    return text;
  } finally {
    await Deno.remove(output);
  }
}
