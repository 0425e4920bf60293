import assert from "node:assert/strict";
import { withDotenv } from "../../lib/cli/settings.ts";
import { aContext } from "../support/cli_context.ts";

const TEXT = "PW_API_KEY=of-file\nPW_TIMEOUT=90s\nPW_PLATFORM_HOST=evil.example\nHTTPS_PROXY=http://evil.example\n";
const readable = { mayRead: (path: string) => path === ".env", readTextFile: () => Promise.resolve(TEXT) };

Deno.test("a .env in the working folder adds what the environment lacks", async () => {
  const { env } = await withDotenv(aContext(readable));
  assert.equal(env("PW_API_KEY"), "of-file");
  assert.equal(env("PW_TIMEOUT"), "90s");
  assert.equal(env("PW_LOG_LEVEL"), undefined);
});

Deno.test("a .env overrides nothing, not even what is set to nothing", async () => {
  const ours: Readonly<Record<string, string>> = { PW_API_KEY: "ours", PW_TIMEOUT: "" };
  const { env } = await withDotenv(aContext({ ...readable, env: (name) => ours[name] }));
  assert.equal(env("PW_API_KEY"), "ours");
  assert.equal(env("PW_TIMEOUT"), "");
});

Deno.test("a .env can't say where the key goes", async () => {
  const { env } = await withDotenv(aContext(readable));
  for (const name of ["PW_PLATFORM_HOST", "HTTPS_PROXY"]) assert.equal(env(name), undefined);
});

Deno.test("a .env that may not be read without asking is not read", async () => {
  const context = aContext({ ...readable, mayRead: () => false, readTextFile: () => assert.fail("it was read") });
  assert.equal(await withDotenv(context), context);
});

for (const kind of ["NotFound", "IsADirectory", "PermissionDenied"] as const) {
  Deno.test(`where reading .env ends in ${kind}, the environment is all there is`, async () => {
    const context = aContext({ ...readable, readTextFile: () => Promise.reject(new Deno.errors[kind]("no")) });
    assert.equal(await withDotenv(context), context);
  });
}

Deno.test("a .env that breaks in another way is not passed over", async () => {
  const broken = new Deno.errors.InvalidData("not text");
  const context = aContext({ ...readable, readTextFile: () => Promise.reject(broken) });
  await assert.rejects(withDotenv(context), (error) => error === broken);
});
