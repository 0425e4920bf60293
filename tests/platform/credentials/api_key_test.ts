import assert from "node:assert/strict";
import { baseUrlOf, parseApiKey } from "../../../lib/platform/credentials/api_key.ts";
import { CredentialError } from "../../../lib/errors.ts";

function b64url(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function jwt(claims: unknown): string {
  return `${b64url('{"alg":"none"}')}.${b64url(JSON.stringify(claims))}.signature`;
}

const HOST = b64url("activate.example.com");

const VALID: readonly (readonly [string, string, string, string])[] = [
  ["an API key", `pwt_${HOST}.abc`, "pwt", "https://activate.example.com"],
  ["an API key with dots after the host", `pwt_${HOST}.a.b.c`, "pwt", "https://activate.example.com"],
  ["an API key surrounded by white space", ` pwt_${HOST}.abc\n`, "pwt", "https://activate.example.com"],
  ["an API key whose host is padded", `pwt_${btoa("host.example")}.abc`, "pwt", "https://host.example"],
  ["an API key that names a scheme", `pwt_${b64url("http://127.0.0.1:8080")}.abc`, "pwt", "http://127.0.0.1:8080"],
  ["a user token", `pwut_${HOST}.abc`, "pwut", "https://activate.example.com"],
  ["a session token", jwt({ platform_host: "activate.example.com" }), "jwt", "https://activate.example.com"],
];

for (const [what, key, kind, baseUrl] of VALID) {
  Deno.test(`parseKey() accepts ${what}`, () => {
    const parsed = parseApiKey(key, "PW_API_KEY");
    assert.deepEqual([parsed.kind, parsed.baseUrl], [kind, baseUrl]);
  });
}

Deno.test("parseKey() accepts hosts in plain base64 with + and /", () => {
  // Letters beyond ASCII become punycode in the host.
  const encoded = btoa(String.fromCharCode(...new TextEncoder().encode("ÿÿÿ.example")));
  assert.match(encoded, /[+/]/);
  assert.equal(parseApiKey(`pwt_${encoded}.abc`, "PW_API_KEY").baseUrl, new URL("https://ÿÿÿ.example").origin);
});

Deno.test("an API key is sent as Basic with an empty password, and a token as Bearer", () => {
  const basic = parseApiKey(`pwt_${HOST}.abc`, "PW_API_KEY").authorization.reveal();
  assert.equal(basic, `Basic ${btoa(`pwt_${HOST}.abc:`)}`);
  assert.equal(parseApiKey(`pwut_${HOST}.abc`, "PW_API_KEY").authorization.reveal(), `Bearer pwut_${HOST}.abc`);
});

Deno.test("a session token contains its expiry", () => {
  const key = jwt({ platform_host: "h.example", exp: 1_800_000_000 });
  assert.equal(parseApiKey(key, "PW_API_KEY").expiresAtMs, 1_800_000_000_000);
});

Deno.test("a sign-in token names no host", () => {
  assert.deepEqual([parseApiKey("pwoa_abc", "PW_API_KEY").kind, parseApiKey("pwoa_abc", "PW_API_KEY").baseUrl], [
    "pwoa",
    null,
  ]);
});

const MALFORMED: readonly (readonly [string, string])[] = [
  ["without a dot", `pwt_${HOST}`],
  ["with nothing after the dot", `pwt_${HOST}.`],
  ["with nothing before the dot", "pwt_.topsecret"],
  ["whose host is not base64", "pwt_%%%.topsecret"],
  ["whose host is not text", `pwt_${btoa("\xff\xfe\xfd")}.topsecret`],
  ["whose host is a path", `pwt_${b64url("host.example/path")}.topsecret`],
  ["whose host carries a user", `pwt_${b64url("user@host.example")}.topsecret`],
  ["whose host carries a query", `pwt_${b64url("host.example?topsecret")}.topsecret`],
  ["with a space inside", `pwt_${HOST}.top secret`],
  ["with a line break inside", `pwt_${HOST}.top\nsecret`],
  ["of an unknown format", "topsecret"],
  ["that is a token without a host", jwt({ sub: "topsecret" })],
  ["that is a token without JSON", "a.topsecret.c"],
  ["that is a token of JSON null", `a.${b64url("null")}.c`],
];

for (const [what, key] of MALFORMED) {
  Deno.test(`parseKey() refuses a key ${what}, without repeating any part of it`, () => {
    assert.throws(() => parseApiKey(key, "PW_API_KEY"), (error) => {
      assert.ok(error instanceof CredentialError);
      assert.equal(error.kind, "credential_malformed");
      const text = `${error.message} ${error.hint}`;
      assert.match(text, /PW_API_KEY/);
      assert.doesNotMatch(text, /topsecret|top|%%%/);
      assert.ok(!text.includes(HOST));
      return true;
    });
  });
}

for (
  const [what, key, reason] of [
    [
      "in double quotes",
      `"pwt_${HOST}.topsecret"`,
      "it is in quotes, which are part of the value where no shell reads it",
    ],
    [
      "in single quotes",
      `'pwt_${HOST}.topsecret'`,
      "it is in quotes, which are part of the value where no shell reads it",
    ],
    ["cut after its host", `pwt_${HOST}.`, "it ends after its first part"],
    ["cut before the dot", `pwut_${HOST}`, "it ends after its first part"],
  ] as const
) {
  Deno.test(`parseKey() names the mistake of a key ${what}`, () => {
    const message = `Cannot use the API key from PW_API_KEY: ${reason}`;
    assert.throws(() => parseApiKey(key, "PW_API_KEY"), { kind: "credential_malformed", message });
  });
}

const HOSTS: readonly (readonly [string, string | null])[] = [
  ["host.example", "https://host.example"],
  ["host.example:8443", "https://host.example:8443"],
  ["https://host.example/", "https://host.example"],
  ["HTTPS://Host.Example", "https://host.example"],
  ["http://[::1]:80", "http://[::1]"],
  ["", null],
  ["ftp://host.example", null],
  ["host.example#x", null],
  ["host.example\\@other.example", null],
  ["two words", null],
  // A key in the wrong variable would be resolved as a host, and shown.
  ["pwt_aHR0cDovL2E.topsecret", null],
  ["https://pwut_aHR0cDovL2E.topsecret", null],
  ["PWOA_topsecret", null],
];

for (const [host, want] of HOSTS) {
  Deno.test(`baseUrlOf(${JSON.stringify(host)}) is ${want}`, () => assert.equal(baseUrlOf(host), want));
}
