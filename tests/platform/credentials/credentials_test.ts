import assert from "node:assert/strict";
import { findCredential } from "../../../lib/platform/credentials/credentials.ts";
import { CredentialError } from "../../../lib/errors.ts";

const key = (host: string, rest = "topsecret") => `pwt_${btoa(host)}.${rest}`;

/** Dependencies with these variables and files. */
function machine(env: Readonly<Record<string, string>>, files: Readonly<Record<string, string | Error>> = {}) {
  return {
    env: (name: string) => env[name],
    readTextFile(path: string): Promise<string> {
      const content = files[path] ?? new Deno.errors.NotFound(path);
      return content instanceof Error ? Promise.reject(content) : Promise.resolve(content);
    },
  };
}

const FILE = JSON.stringify({
  currentIdentity: "work",
  identities: {
    work: {
      token: "pwoa_topsecret",
      server: "work.example.com",
      oauth: { expiresAt: "2026-02-03T04:05:06.123456789Z", keychainAccount: "work" },
    },
    api: { apikey: key("api.example.com"), server: "elsewhere.example.com" },
    chained: { server: "work.example.com", oauth: { keychainAccount: "chained" } },
  },
});
const HOME = { HOME: "/home/demo" };
const CURRENT = "/home/demo/.config/pw/credentials";
const LEGACY = "/home/demo/pw/.credentials";

function credentialError(kind: CredentialError["kind"], ...patterns: readonly RegExp[]) {
  return (error: unknown) => {
    assert.ok(error instanceof CredentialError, String(error));
    assert.equal(error.kind, kind);
    const text = `${error.message} ${error.hint}`;
    for (const pattern of patterns) assert.match(text, pattern);
    assert.doesNotMatch(text, /topsecret/);
    return true;
  };
}

Deno.test("PW_API_KEY has precedence over everything else, including --context", async () => {
  const deps = machine({ ...HOME, PW_API_KEY: key("env.example.com"), PW_CONTEXT: "api" }, { [CURRENT]: FILE });
  const found = await findCredential(deps, { context: "work" });
  assert.deepEqual([found.host, found.baseUrl, found.source], [
    "env.example.com",
    "https://env.example.com",
    "PW_API_KEY",
  ]);
});

Deno.test("--context has precedence over PW_CONTEXT, which has precedence over the current identity", async () => {
  const files = { [CURRENT]: FILE };
  const hostOf = async (env: Record<string, string>, context?: string) =>
    (await findCredential(machine({ ...HOME, ...env }, files), { context })).host;
  assert.equal(await hostOf({ PW_CONTEXT: "work" }, "api"), "api.example.com");
  assert.equal(await hostOf({ PW_CONTEXT: "api" }), "api.example.com");
  assert.equal(await hostOf({}), "work.example.com");
});

Deno.test("an identity's API key is sent to the host that the key names", async () => {
  const found = await findCredential(machine(HOME, { [CURRENT]: FILE }), { context: "api" });
  assert.deepEqual([found.kind, found.host], ["pwt", "api.example.com"]);
  assert.equal(found.source, `identity api of ${CURRENT}`);
});

Deno.test("a sign-in token is sent to its identity's server, and its expiry is read from the file", async () => {
  const found = await findCredential(machine(HOME, { [CURRENT]: FILE }), {});
  assert.deepEqual([found.kind, found.authorization.reveal()], ["pwoa", "Bearer pwoa_topsecret"]);
  assert.equal(found.expiresAtMs, Date.UTC(2026, 1, 3, 4, 5, 6, 123));
});

Deno.test("a sign-in token in PW_API_KEY is sent to the current identity's server", async () => {
  const found = await findCredential(machine({ ...HOME, PW_API_KEY: "pwoa_x" }, { [CURRENT]: FILE }), {});
  assert.equal(found.host, "work.example.com");
});

Deno.test("a sign-in token without any host is refused", async () => {
  await assert.rejects(
    findCredential(machine({ PW_API_KEY: "pwoa_topsecret" }), {}),
    credentialError("credential_malformed", /names no host/, /PW_PLATFORM_HOST/),
  );
});

Deno.test("the file may be YAML", async () => {
  const yaml = `currentIdentity: api\nidentities:\n  api:\n    apikey: ${key("yaml.example.com")}\n`;
  assert.equal((await findCredential(machine(HOME, { [CURRENT]: yaml }), {})).host, "yaml.example.com");
});

const PATHS: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
  ["XDG_CONFIG_HOME", { ...HOME, XDG_CONFIG_HOME: "/xdg" }, "/xdg/pw/credentials"],
  ["the home folder's .config", HOME, CURRENT],
  ["the legacy path", HOME, LEGACY],
  ["PW_CREDENTIALS_DIR", { ...HOME, PW_CREDENTIALS_DIR: "/cred" }, "/cred/.credentials"],
  ["USERPROFILE without HOME", { USERPROFILE: "C:\\Users\\demo" }, "C:\\Users\\demo/.config/pw/credentials"],
];

for (const [source, env, path] of PATHS) {
  Deno.test(`the file is found by ${source}`, async () => {
    const found = await findCredential(machine(env, { [path]: FILE }), {});
    assert.equal(found.source, `identity work of ${path}`);
  });
}

Deno.test("a missing key is reported with the places searched and the format of a key", async () => {
  const files = { [CURRENT]: new Deno.errors.PermissionDenied(), [LEGACY]: "{not json: [" };
  await assert.rejects(
    findCredential(machine(HOME, files), {}),
    credentialError(
      "credential_missing",
      /PW_API_KEY \(not set\)/,
      /\.config\/pw\/credentials \(cannot be read\)/,
      /\.credentials \(neither/,
      /pwt_<host>\.<rest>/,
    ),
  );
});

Deno.test("a missing key is reported without a home folder, too", async () => {
  await assert.rejects(findCredential(machine({}), {}), credentialError("credential_missing", /PW_API_KEY/));
});

Deno.test("a blank PW_API_KEY is ignored", async () => {
  await assert.rejects(findCredential(machine({ PW_API_KEY: "  \n" }), {}), credentialError("credential_missing"));
});

Deno.test("an unknown context is reported with the available ones", async () => {
  await assert.rejects(
    findCredential(machine(HOME, { [CURRENT]: FILE }), { context: "nope" }),
    credentialError("credential_missing", /"nope"/, /work, api, chained/),
  );
});

Deno.test("an identity whose key is in a keychain is reported", async () => {
  await assert.rejects(
    findCredential(machine(HOME, { [CURRENT]: FILE }), { context: "chained" }),
    credentialError("credential_missing", /does not contain its key/, /PW_API_KEY/),
  );
});

Deno.test("a PW_PLATFORM_HOST other than the key's host is refused", async () => {
  const env = { PW_API_KEY: key("real.example.com"), PW_PLATFORM_HOST: "other.example.com" };
  await assert.rejects(
    findCredential(machine(env), {}),
    credentialError(
      "credential_malformed",
      /other\.example\.com/,
      /real\.example\.com/,
      /--allow-host other\.example\.com/,
    ),
  );
  await assert.rejects(
    findCredential(machine(env), { allowHost: "third.example.com" }),
    credentialError("credential_malformed"),
  );
});

Deno.test("a PW_PLATFORM_HOST that --allow-host repeats gets the key", async () => {
  const env = { PW_API_KEY: key("real.example.com"), PW_PLATFORM_HOST: "other.example.com" };
  const found = await findCredential(machine(env), { allowHost: "other.example.com" });
  assert.equal(found.host, "other.example.com");
});

Deno.test("a PW_PLATFORM_HOST equal to the key's host is accepted", async () => {
  const env = { PW_API_KEY: key("real.example.com"), PW_PLATFORM_HOST: "https://REAL.example.com/" };
  assert.equal((await findCredential(machine(env), {})).host, "real.example.com");
});

Deno.test("a PW_PLATFORM_HOST with http differs from the key's https host", async () => {
  const env = { PW_API_KEY: key("real.example.com"), PW_PLATFORM_HOST: "http://real.example.com" };
  await assert.rejects(findCredential(machine(env), {}), credentialError("credential_malformed"));
});

Deno.test("printing a credential does not reveal its key", async () => {
  const found = await findCredential(machine({ PW_API_KEY: key("h.example") }), {});
  assert.doesNotMatch(`${Deno.inspect(found)} ${JSON.stringify(found)}`, /topsecret/);
});
