import assert from "node:assert/strict";
import { UsageError } from "../../lib/errors.ts";
import { readCaCertOption } from "../../lib/cli/open_client.ts";
import { settingName, withDotenv } from "../../lib/cli/settings.ts";
import { runStoreName } from "../../lib/cli/state_path.ts";
import { timeoutOfEnvironment } from "../../lib/cli/tracking/wait_options.ts";
import { aContext } from "../support/cli_context.ts";
import { emptyFolder } from "../support/main_job.ts";
import { runProgram } from "../support/program.ts";

const TEXT = "PW_API_KEY=of-file\nPW_TIMEOUT=90s\nPW_PLATFORM_HOST=evil.example\nHTTPS_PROXY=http://evil.example\n";
const readable = { mayRead: (path: string) => path === ".env", readTextFile: () => Promise.resolve(TEXT) };

Deno.test("a .env file in the working directory adds variables that the environment does not set", async () => {
  const { env, dotenvKey } = await withDotenv(aContext(readable));
  assert.deepEqual([env("PW_API_KEY"), dotenvKey], [undefined, "of-file"]);
  assert.equal(env("PW_TIMEOUT"), "90s");
  assert.equal(env("PW_LOG_LEVEL"), undefined);
});

Deno.test("a .env file overrides no variable, not even an empty one", async () => {
  const ours: Readonly<Record<string, string>> = { PW_API_KEY: "ours", PW_TIMEOUT: "" };
  const { env } = await withDotenv(aContext({ ...readable, env: (name) => ours[name] }));
  assert.equal(env("PW_API_KEY"), "ours");
  assert.equal(env("PW_TIMEOUT"), "");
});

Deno.test("a .env file cannot redirect the API key", async () => {
  const { env } = await withDotenv(aContext(readable));
  for (const name of ["PW_PLATFORM_HOST", "HTTPS_PROXY"]) assert.equal(env(name), undefined);
});

Deno.test("a .env file that needs a permission prompt is not read", async () => {
  const context = aContext({ ...readable, mayRead: () => false, readTextFile: () => assert.fail("it was read") });
  assert.equal(await withDotenv(context), context);
});

for (const kind of ["NotFound", "IsADirectory", "PermissionDenied"] as const) {
  Deno.test(`${kind} on reading .env leaves the environment unchanged`, async () => {
    const context = aContext({ ...readable, readTextFile: () => Promise.reject(new Deno.errors[kind]("no")) });
    assert.equal(await withDotenv(context), context);
  });
}

Deno.test("any other error on reading .env is thrown", async () => {
  const broken = new Deno.errors.InvalidData("not text");
  const context = aContext({ ...readable, readTextFile: () => Promise.reject(broken) });
  await assert.rejects(withDotenv(context), (error) => error === broken);
});

Deno.test("a .env file that the system refuses to read is a usage error that names it", async () => {
  const loop = Object.assign(new Deno.errors.FilesystemLoop("loop"), { code: "ELOOP" });
  const context = aContext({ ...readable, readTextFile: () => Promise.reject(loop) });
  await assert.rejects(withDotenv(context), new UsageError("Cannot read .env: too many symbolic links"));
});

for (const [where, PW_TIMEOUT] of [[" of .env", undefined], ["", "never"]] as const) {
  Deno.test(`a bad value of ${where === "" ? "the environment" : "a .env file"} is refused with its place`, async () => {
    const readTextFile = () => Promise.resolve("PW_TIMEOUT=soon\nPW_LOG_LEVEL=LOUD\n");
    const env = (name: string) => name === "PW_TIMEOUT" ? PW_TIMEOUT : undefined;
    const context = await withDotenv(aContext({ ...readable, readTextFile, env }));
    const message = `Cannot use PW_TIMEOUT${where}: not a duration: "${PW_TIMEOUT ?? "soon"}"`;
    assert.throws(() => timeoutOfEnvironment(context, null), { message });
    assert.equal(settingName(context, "PW_LOG_LEVEL"), "PW_LOG_LEVEL of .env");
  });
}

Deno.test("a bad log level of a .env file is refused with the name of the file", async () => {
  await using folder = await emptyFolder();
  await Deno.writeTextFile(`${folder.path}/.env`, "PW_LOG_LEVEL=LOUD\n");
  const { code, stderr } = await runProgram({ args: ["list"], cwd: folder.path });
  assert.equal(code, 2);
  assert.match(stderr, /^✗ Cannot use PW_LOG_LEVEL of \.env: it is not one of DEBUG/);
});

for (const blank of ["", " ", "\t"]) {
  Deno.test(`PW_STORE_URL=${JSON.stringify(blank)} names no store`, () => {
    const env = (name: string) => ({ PW_STORE_URL: blank, PW_STATE_DIR: "/state" })[name];
    assert.equal(runStoreName({ env, os: "linux" }), "/state/history.db");
  });

  Deno.test(`PW_CA_CERT=${JSON.stringify(blank)} names no file`, async () => {
    assert.equal(await readCaCertOption(aContext({ env: () => blank }), {}), undefined);
  });
}
