import assert from "node:assert/strict";
import { findCredential } from "../../../lib/platform/credentials/credentials.ts";
import { CredentialError } from "../../../lib/errors.ts";

const key = (host: string, rest = "topsecret") => `pwt_${btoa(host)}.${rest}`;

/** A machine with these variables and files. */
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

function refusal(kind: CredentialError["kind"], ...words: readonly RegExp[]) {
  return (error: unknown) => {
    assert.ok(error instanceof CredentialError, String(error));
    assert.equal(error.kind, kind);
    const text = `${error.message} ${error.hint}`;
    for (const word of words) assert.match(text, word);
    assert.doesNotMatch(text, /topsecret/);
    return true;
  };
}

Deno.test("PW_API_KEY comes before everything else, --context included", async () => {
  const deps = machine({ ...HOME, PW_API_KEY: key("env.example.com"), PW_CONTEXT: "api" }, { [CURRENT]: FILE });
  const found = await findCredential(deps, { context: "work" });
  assert.deepEqual([found.host, found.baseUrl, found.source], [
    "env.example.com",
    "https://env.example.com",
    "PW_API_KEY",
  ]);
});

Deno.test("--context comes before PW_CONTEXT, and that before the current identity", async () => {
  const files = { [CURRENT]: FILE };
  const hostOf = async (env: Record<string, string>, context?: string) =>
    (await findCredential(machine({ ...HOME, ...env }, files), { context })).host;
  assert.equal(await hostOf({ PW_CONTEXT: "work" }, "api"), "api.example.com");
  assert.equal(await hostOf({ PW_CONTEXT: "api" }), "api.example.com");
  assert.equal(await hostOf({}), "work.example.com");
});

Deno.test("an identity's API key goes to the host that it names itself", async () => {
  const found = await findCredential(machine(HOME, { [CURRENT]: FILE }), { context: "api" });
  assert.deepEqual([found.kind, found.host], ["pwt", "api.example.com"]);
  assert.equal(found.source, `identity api of ${CURRENT}`);
});

Deno.test("a sign-in token goes to its identity's server, and ends when the file says", async () => {
  const found = await findCredential(machine(HOME, { [CURRENT]: FILE }), {});
  assert.deepEqual([found.kind, found.authorization.reveal()], ["pwoa", "Bearer pwoa_topsecret"]);
  assert.equal(found.expiresAtMs, Date.UTC(2026, 1, 3, 4, 5, 6, 123));
});

Deno.test("a sign-in token in PW_API_KEY goes to the current identity's server", async () => {
  const found = await findCredential(machine({ ...HOME, PW_API_KEY: "pwoa_x" }, { [CURRENT]: FILE }), {});
  assert.equal(found.host, "work.example.com");
});

Deno.test("a sign-in token without a host anywhere is refused", async () => {
  await assert.rejects(
    findCredential(machine({ PW_API_KEY: "pwoa_topsecret" }), {}),
    refusal("credential_malformed", /names no host/, /PW_PLATFORM_HOST/),
  );
});

Deno.test("the file may be YAML", async () => {
  const yaml = `currentIdentity: api\nidentities:\n  api:\n    apikey: ${key("yaml.example.com")}\n`;
  assert.equal((await findCredential(machine(HOME, { [CURRENT]: yaml }), {})).host, "yaml.example.com");
});

const PLACES: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
  ["XDG_CONFIG_HOME", { ...HOME, XDG_CONFIG_HOME: "/xdg" }, "/xdg/pw/credentials"],
  ["the home folder's .config", HOME, CURRENT],
  ["its legacy place", HOME, LEGACY],
  ["PW_CREDENTIALS_DIR", { ...HOME, PW_CREDENTIALS_DIR: "/cred" }, "/cred/.credentials"],
  ["USERPROFILE, where there is no HOME", { USERPROFILE: "C:\\Users\\demo" }, "C:\\Users\\demo/.config/pw/credentials"],
];

for (const [place, env, path] of PLACES) {
  Deno.test(`the file is found by ${place}`, async () => {
    const found = await findCredential(machine(env, { [path]: FILE }), {});
    assert.equal(found.source, `identity work of ${path}`);
  });
}

Deno.test("without a key the places looked at are named, and what a key looks like", async () => {
  const files = { [CURRENT]: new Deno.errors.PermissionDenied(), [LEGACY]: "{not json: [" };
  await assert.rejects(
    findCredential(machine(HOME, files), {}),
    refusal(
      "credential_missing",
      /PW_API_KEY \(not set\)/,
      /\.config\/pw\/credentials \(cannot be read\)/,
      /\.credentials \(neither/,
      /pwt_<host>\.<rest>/,
    ),
  );
});

Deno.test("without any home folder a missing key is still told in words", async () => {
  await assert.rejects(findCredential(machine({}), {}), refusal("credential_missing", /PW_API_KEY/));
});

Deno.test("a blank PW_API_KEY counts as none", async () => {
  await assert.rejects(findCredential(machine({ PW_API_KEY: "  \n" }), {}), refusal("credential_missing"));
});

Deno.test("a context that the file does not hold is told with those that it does", async () => {
  await assert.rejects(
    findCredential(machine(HOME, { [CURRENT]: FILE }), { context: "nope" }),
    refusal("credential_missing", /"nope"/, /work, api, chained/),
  );
});

Deno.test("an identity whose key is in a keychain is told as such", async () => {
  await assert.rejects(
    findCredential(machine(HOME, { [CURRENT]: FILE }), { context: "chained" }),
    refusal("credential_missing", /does not hold its key/, /PW_API_KEY/),
  );
});

Deno.test("a PW_PLATFORM_HOST that the key does not name is refused", async () => {
  const env = { PW_API_KEY: key("real.example.com"), PW_PLATFORM_HOST: "other.example.com" };
  await assert.rejects(
    findCredential(machine(env), {}),
    refusal("credential_malformed", /other\.example\.com/, /real\.example\.com/, /--allow-host other\.example\.com/),
  );
  await assert.rejects(
    findCredential(machine(env), { allowHost: "third.example.com" }),
    refusal("credential_malformed"),
  );
});

Deno.test("a PW_PLATFORM_HOST that --allow-host names too gets the key", async () => {
  const env = { PW_API_KEY: key("real.example.com"), PW_PLATFORM_HOST: "other.example.com" };
  const found = await findCredential(machine(env), { allowHost: "other.example.com" });
  assert.equal(found.host, "other.example.com");
});

Deno.test("a PW_PLATFORM_HOST that says what the key says is fine", async () => {
  const env = { PW_API_KEY: key("real.example.com"), PW_PLATFORM_HOST: "https://REAL.example.com/" };
  assert.equal((await findCredential(machine(env), {})).host, "real.example.com");
});

Deno.test("a PW_PLATFORM_HOST on plain http is another host than the key's", async () => {
  const env = { PW_API_KEY: key("real.example.com"), PW_PLATFORM_HOST: "http://real.example.com" };
  await assert.rejects(findCredential(machine(env), {}), refusal("credential_malformed"));
});

Deno.test("a credential prints without its key", async () => {
  const found = await findCredential(machine({ PW_API_KEY: key("h.example") }), {});
  assert.doesNotMatch(`${Deno.inspect(found)} ${JSON.stringify(found)}`, /topsecret/);
});
