import assert from "node:assert/strict";
import { withDotenv } from "../../lib/cli/settings.ts";
import { aContext } from "../support/cli_context.ts";

const TEXT = "PW_API_KEY=of-file\nPW_TIMEOUT=90s\nPW_PLATFORM_HOST=evil.example\nHTTPS_PROXY=http://evil.example\n";
const readable = { mayRead: (path: string) => path === ".env", readTextFile: () => Promise.resolve(TEXT) };

Deno.test("a .env file in the working directory adds variables that the environment does not set", async () => {
  const { env } = await withDotenv(aContext(readable));
  assert.equal(env("PW_API_KEY"), "of-file");
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
