import assert from "node:assert/strict";
import type { ProgramResult } from "../../../lib/child_process.ts";
import { findCredential } from "../../../lib/platform/credentials/credentials.ts";
import { type CredentialDeps, hiddenSources } from "../../../lib/platform/credentials/sources.ts";
import { CredentialError } from "../../../lib/errors.ts";
import { virtualClock } from "../../support/virtual_clock.ts";

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
/** Identities of three hosts; `work` is the current one. */
const HOSTS = JSON.stringify({
  currentIdentity: "work",
  identities: {
    work: { apikey: key("work.example.com"), server: "work.example.com" },
    other: { apikey: key("other.example.com"), server: "other.example.com" },
    third: { apikey: key("third.example.com"), server: "third.example.com" },
  },
});
const LEGACY = "/home/demo/pw/.credentials";

function credentialError(kind: CredentialError["kind"], ...patterns: readonly RegExp[]) {
  return (error: unknown) => {
    assert.ok(error instanceof CredentialError, String(error));
    assert.equal(error.kind, kind);
    const text = `${error.message} ${error.commandHint}`;
    for (const pattern of patterns) assert.match(text, pattern);
    assert.doesNotMatch(text, /topsecret/);
    return true;
  };
}

Deno.test("the order is --context, PW_API_KEY, PW_CONTEXT, .env, current context", async () => {
  // Each step takes the strongest source away.
  const steps = [
    { host: "other.example.com", source: `context other of ${CURRENT}` },
    { host: "env.example.com", source: "PW_API_KEY" },
    { host: "third.example.com", source: `context third of ${CURRENT}` },
    { host: "work.example.com", source: ".env" },
    { host: "work.example.com", source: `context work of ${CURRENT}` },
  ];
  for (const [step, expected] of steps.entries()) {
    const env = {
      ...HOME,
      ...(step < 2 ? { PW_API_KEY: key("env.example.com") } : {}),
      ...(step < 3 ? { PW_CONTEXT: "third" } : {}),
    };
    const dotenvKey = step < 4 ? key("work.example.com", "of-file") : undefined;
    const deps = { ...machine(env, { [CURRENT]: HOSTS }), dotenvKey };
    const { host, source } = await findCredential(deps, step < 1 ? { context: "other" } : {});
    assert.deepEqual({ host, source }, expected);
  }
});

Deno.test("a key that was entered takes precedence over everything else", async () => {
  const deps = machine({ ...HOME, PW_API_KEY: key("env.example.com") }, { [CURRENT]: HOSTS });
  const found = await findCredential(deps, { context: "other", enteredKey: key("typed.example.com") });
  assert.deepEqual([found.host, found.source], ["typed.example.com", "the prompt"]);
});

Deno.test("an unknown --context is refused although PW_API_KEY and .env have keys, with the existing contexts", async () => {
  const env = { ...HOME, PW_API_KEY: key("env.example.com") };
  const deps = { ...machine(env, { [CURRENT]: HOSTS }), dotenvKey: key("work.example.com") };
  await assert.rejects(
    findCredential(deps, { context: "does-not-exist" }),
    credentialError("credential_missing", /"does-not-exist"/, /work, other, third/),
  );
});

Deno.test("a context is refused without a credentials file, with the places searched", async () => {
  await assert.rejects(
    findCredential(machine({ ...HOME, PW_API_KEY: key("env.example.com") }), { context: "work" }),
    credentialError("credential_missing", /"work"/, /\.config\/pw\/credentials \(not found\)/),
  );
});

Deno.test("what a stronger source hides is named, strongest first", async () => {
  const env = { ...HOME, PW_API_KEY: key("env.example.com"), PW_CONTEXT: "third" };
  const deps = { ...machine(env, { [CURRENT]: HOSTS }), dotenvKey: key("work.example.com") };
  assert.deepEqual(await hiddenSources(deps, { context: "other" }), [
    "PW_API_KEY",
    "context third from PW_CONTEXT",
    "PW_API_KEY of .env",
    "current context work",
  ]);
  assert.deepEqual(await hiddenSources(deps, {}), [
    "context third from PW_CONTEXT",
    "PW_API_KEY of .env",
    "current context work",
  ]);
  assert.deepEqual(await hiddenSources(machine(HOME, { [CURRENT]: HOSTS }), { context: "work" }), []);
});

Deno.test("a key from .env for another host than the current context's is refused before it is used", async () => {
  const deps = { ...machine(HOME, { [CURRENT]: HOSTS }), dotenvKey: key("evil.example.com") };
  const refused = credentialError(
    "credential_refused",
    /from \.env/,
    /https:\/\/evil\.example\.com/,
    /current context work is for https:\/\/work\.example\.com/,
    /--allow-host evil\.example\.com/,
  );
  await assert.rejects(findCredential(deps, {}), refused);
  await assert.rejects(findCredential(deps, { allowHost: "third.example.com" }), refused);
  await assert.rejects(findCredential({ ...deps, confirmHost: () => Promise.resolve(false) }, {}), refused);
});

Deno.test("a key from .env for another host is used after a yes, and with --allow-host", async () => {
  const deps = { ...machine(HOME, { [CURRENT]: HOSTS }), dotenvKey: key("evil.example.com") };
  const asked: unknown[] = [];
  const confirmHost = (question: unknown) => Promise.resolve(asked.push(question) > 0);
  assert.equal((await findCredential({ ...deps, confirmHost }, {})).host, "evil.example.com");
  assert.deepEqual(asked, [{
    keyHost: "https://evil.example.com",
    currentHost: "https://work.example.com",
    currentContext: "work",
  }]);
  assert.equal((await findCredential(deps, { allowHost: "evil.example.com" })).host, "evil.example.com");
});

for (
  const [name, files] of [
    ["no credentials file", {}],
    ["a credentials file without a current context", { [CURRENT]: JSON.stringify({ identities: {} }) }],
    ["a current context for the same host", { [CURRENT]: HOSTS }],
  ] as const
) {
  Deno.test(`with ${name}, a key from .env is used without a question`, async () => {
    const deps = { ...machine(HOME, files), dotenvKey: key("work.example.com") };
    assert.equal((await findCredential(deps, {})).source, ".env");
  });
}

Deno.test("an empty PW_API_KEY in the environment disables the key of .env", async () => {
  const deps = { ...machine({ ...HOME, PW_API_KEY: "" }, { [CURRENT]: HOSTS }), dotenvKey: key("work.example.com") };
  assert.equal((await findCredential(deps, {})).source, `context work of ${CURRENT}`);
});

Deno.test("a malformed key names its source", async () => {
  await assert.rejects(
    findCredential({ ...machine(HOME), dotenvKey: "topsecret" }, {}),
    credentialError("credential_malformed", /^Cannot use the API key from \.env:/),
  );
});

Deno.test("an identity's API key is sent to the host that the key names", async () => {
  const found = await findCredential(machine(HOME, { [CURRENT]: FILE }), { context: "api" });
  assert.deepEqual([found.kind, found.host], ["pwt", "api.example.com"]);
  assert.equal(found.source, `context api of ${CURRENT}`);
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

Deno.test("a sign-in token in PW_API_KEY is sent to the selected context's server, PW_PLATFORM_HOST first", async () => {
  const env = { ...HOME, PW_API_KEY: "pwoa_x", PW_CONTEXT: "other" };
  const files = { [CURRENT]: HOSTS };
  assert.equal((await findCredential(machine(env, files), {})).host, "other.example.com");
  // --context selects that context's own key: the token is sent to no host.
  const byOption = await findCredential(machine(env, files), { context: "third" });
  assert.deepEqual([byOption.host, byOption.kind], ["third.example.com", "pwt"]);
  const typed = await findCredential(machine(env, files), { context: "third", enteredKey: "pwoa_y" });
  assert.equal(typed.host, "third.example.com");
  const platform = await findCredential(machine({ ...env, PW_PLATFORM_HOST: "p.example.com" }, files), {});
  assert.equal(platform.host, "p.example.com");
  await assert.rejects(
    findCredential(machine({ ...env, PW_CONTEXT: "nope" }, files), {}),
    credentialError("credential_missing", /"nope"/, /work, other, third/),
  );
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
    assert.equal(found.source, `context work of ${path}`);
  });
}

Deno.test("a missing key is reported with the places searched and the format of a key", async () => {
  await assert.rejects(
    findCredential(machine(HOME), {}),
    credentialError(
      "credential_missing",
      /PW_API_KEY \(not set\)/,
      /\.config\/pw\/credentials \(not found\)/,
      /pw\/\.credentials \(not found\)/,
      /pwt_<host>\.<rest>/,
    ),
  );
});

for (
  const [name, content, reason] of [
    ["unreadable", new Deno.errors.PermissionDenied(), "cannot be read"],
    ["unparseable", "{not json: [", "is neither JSON nor YAML with identities"],
  ] as const
) {
  Deno.test(`an ${name} credentials file counts as none, its reason is given once, and the legacy file does not replace it`, async () => {
    const warnings: string[] = [];
    const log = (level: string, message: string) => void warnings.push(`${level} ${message}`);
    const deps: CredentialDeps = { ...machine(HOME, { [CURRENT]: content, [LEGACY]: HOSTS }), log };
    await assert.rejects(findCredential(deps, {}), credentialError("credential_missing", new RegExp(reason)));
    await assert.rejects(
      findCredential(deps, { context: "work" }),
      credentialError("credential_missing", new RegExp(reason)),
    );
    const warning = `WARNING The credentials file ${CURRENT} is ignored: it ${reason}`;
    assert.deepEqual(warnings, []);
    const withKey = { ...deps, dotenvKey: key("any.example.com") };
    assert.equal((await findCredential(withKey, {})).host, "any.example.com");
    assert.deepEqual(warnings, [warning]);
  });
}

Deno.test("an empty credentials file counts as none, without a warning", async () => {
  const log = () => assert.fail("it warned");
  await assert.rejects(
    findCredential({ ...machine(HOME, { [CURRENT]: " \n", [LEGACY]: HOSTS }), log }, {}),
    credentialError("credential_missing", /\(empty\)/),
  );
});

Deno.test("a relative XDG_CONFIG_HOME is ignored", async () => {
  const env = { ...HOME, XDG_CONFIG_HOME: "rel" };
  const evil = HOSTS.replaceAll("work.example.com", "evil.example.com");
  const found = await findCredential(machine(env, { "rel/pw/credentials": evil, [CURRENT]: FILE }), { context: "api" });
  assert.equal(found.source, `context api of ${CURRENT}`);
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

const EXPIRES_AT_MS = Date.UTC(2026, 1, 3, 4, 5, 6, 123);

/** A machine with the sign-in contexts of FILE, at a time relative to the expiry of the one named `work`. */
function signedIn(fromExpiryMs: number, ...results: readonly ProgramResult[]) {
  const clock = virtualClock(EXPIRES_AT_MS + fromExpiryMs);
  const calls: (readonly string[])[] = [];
  const remaining = [...results];
  const deps: CredentialDeps = {
    ...machine(HOME, { [CURRENT]: FILE }),
    clock,
    runProgram: ({ command, args, withoutEnv }) => {
      calls.push([command, ...args, `without ${withoutEnv}`]);
      return Promise.resolve(remaining.shift() ?? { type: "not-found" });
    },
  };
  return { deps, clock, calls };
}

const printed = (token: object): ProgramResult => ({
  type: "ended",
  code: 0,
  stdout: JSON.stringify(token),
  stderr: "",
});
const RENEWED = printed({ access_token: "pwoa_renewed", token_type: "Bearer", expires_in: 3_600 });
const ASKED = ["pw", "auth", "token", "--print", "-o", "json", "--context", "work", "without PW_API_KEY"];

Deno.test("a stored sign-in token is used until shortly before its end", async () => {
  const { deps, calls } = signedIn(-61_000, RENEWED);
  const { authorization } = await findCredential(deps, {});
  assert.equal(authorization.reveal(), "Bearer pwoa_topsecret");
  assert.deepEqual(calls, []);
});

Deno.test("an expired sign-in token is renewed by the official CLI, without PW_API_KEY in its environment", async () => {
  const { deps, calls } = signedIn(1, RENEWED);
  const found = await findCredential(deps, {});
  assert.deepEqual(calls, [ASKED]);
  assert.deepEqual([found.authorization.reveal(), found.host], ["Bearer pwoa_renewed", "work.example.com"]);
  assert.equal(found.expiresAtMs, EXPIRES_AT_MS + 1 + 3_600_000);
});

Deno.test("a renewed token is kept, and renewed again 60 s before its end", async () => {
  const later = printed({ access_token: "pwoa_later", token_type: "bearer", expires_in: 3_600 });
  const { deps, clock, calls } = signedIn(1, RENEWED, later);
  const { renew } = await findCredential(deps, {});
  const sent = async () => (await renew?.())?.reveal();
  clock.advance(3_539_000);
  assert.deepEqual([await sent(), calls.length], ["Bearer pwoa_renewed", 1]);
  clock.advance(1_000);
  assert.deepEqual(await Promise.all([sent(), sent()]), ["Bearer pwoa_later", "Bearer pwoa_later"]);
  assert.equal(calls.length, 2);
});

Deno.test("a token that cannot be renewed is used until its end, and the CLI is not asked on every request", async () => {
  const { deps, clock, calls } = signedIn(-30_000);
  const { renew } = await findCredential(deps, {});
  clock.advance(20_000);
  assert.equal((await renew?.())?.reveal(), "Bearer pwoa_topsecret");
  assert.equal(calls.length, 1);
  clock.advance(10_000);
  await assert.rejects(async () => await renew?.(), credentialError("credential_refused", /expired 0s ago/));
});

Deno.test("an aborted request does not wait for a renewal", async () => {
  const { deps, clock } = signedIn(-61_000);
  const { renew } = await findCredential({ ...deps, runProgram: () => new Promise(() => {}) }, {});
  clock.advance(61_000);
  const reason = new Error("stopped");
  const controller = new AbortController();
  const pending = renew?.(controller.signal);
  controller.abort(reason);
  await assert.rejects(async () => await pending, (error) => error === reason);
});

Deno.test("a token that only the keychain holds is printed by the official CLI", async () => {
  const { deps, calls } = signedIn(0, RENEWED);
  const found = await findCredential(deps, { context: "chained" });
  assert.equal(found.authorization.reveal(), "Bearer pwoa_renewed");
  assert.deepEqual(calls[0]?.slice(-2), ["chained", "without PW_API_KEY"]);
});

for (
  const [name, result, ...patterns] of [
    ["is not installed", { type: "not-found" }, /expired 2s ago /, /pw auth/, /where the program pw is installed/],
    ["may not be started", { type: "denied" }, /not permitted/, /--allow-run=pw/],
    ["does not end", { type: "timed-out" }, /within 30s/],
    [
      "fails",
      { type: "ended", code: 3, stdout: "", stderr: "session over\nmore" },
      /exit code 3: session over\)/,
      /pw auth/,
    ],
    [
      "fails with a token in its message",
      { type: "ended", code: 1, stdout: "", stderr: "cannot refresh pwoa_topsecretrefresh, sorry" },
      /exit code 1: cannot refresh \*\*\*, sorry\)/,
    ],
    ["prints something else", { type: "ended", code: 0, stdout: "hello", stderr: "" }, /no token response/],
    ["prints another token type", printed({ access_token: "x", token_type: "mac" }), /no token response/],
    ["prints a token with a space", printed({ access_token: "a b", token_type: "Bearer" }), /no token response/],
    [
      "prints a token for another host",
      printed({ access_token: `pwut_${btoa("evil.example.com")}.topsecret`, token_type: "Bearer" }),
      /is for https:\/\/evil\.example\.com instead of https:\/\/work\.example\.com/,
    ],
  ] as const satisfies readonly (readonly [string, ProgramResult, ...RegExp[]])[]
) {
  Deno.test(`where the official CLI ${name}, an expired sign-in token is refused before it is sent`, async () => {
    await assert.rejects(
      findCredential(signedIn(2_000, result).deps, {}),
      credentialError("credential_refused", /context work of/, ...patterns),
    );
  });
}
