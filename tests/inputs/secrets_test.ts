import assert from "node:assert/strict";
import { readForm } from "../../lib/inputs/read_form.ts";
import { findSecrets, isSecretName, maskSecrets, secretValues, withoutSecrets } from "../../lib/inputs/secrets.ts";
import { isObject, type Json, type JsonObject } from "../../lib/json.ts";

for (
  const name of [
    "password",
    "Password",
    "db_password",
    "dbPassword",
    "userpasswd",
    "passphrase",
    "pwd",
    "secret",
    "client-secret",
    "secrets",
    "token",
    "githubToken",
    "GITHUB_TOKEN",
    "api_key",
    "apiKey",
    "APIKEY",
    "x-api-key",
    "aws_secret_access_key",
    "private_key",
    "password2",
    "secret_value",
    "credentials",
    "userPass",
    "creds",
    "password_confirm",
    "private_key_pem",
    "encryption_key",
    "encryptionKey",
    "signing_key",
    "license_key",
    "LICENSE_KEY",
    "access_key",
    "secret_key",
    "jwt",
    "bearer",
    "github_pat",
    "dbPwd",
    "passcode",
    "token_hash",
  ]
) {
  Deno.test(`${name} is the name of a secret`, () => assert.equal(isSecretName(name), true));
}

for (
  const name of [
    "name",
    "keyboard",
    "key",
    "tokens_per_batch",
    "author",
    "path",
    "pattern",
    "secretary",
    "passes",
    "monkey",
    "password_length",
    "compat",
    "bypass",
    "credit",
  ]
) {
  Deno.test(`${name} is not the name of a secret`, () => assert.equal(isSecretName(name), false));
}

const FORM = readForm({
  on: {
    execute: {
      inputs: {
        pin: { type: "password" },
        max_token: { type: "integer" },
        use_secret: { type: "boolean" },
        login: { type: "group", items: { password: { type: "string" }, user: { type: "string" } } },
        rows: { type: "list", template: { key: { type: "password" }, n: { type: "integer" } } },
        pins: { type: "list", template: { type: "password" } },
        tokens: { type: "list", template: { type: "string" } },
        names: { type: "list", template: { type: "string" } },
      },
    },
  },
});
const INPUTS: JsonObject = {
  pin: "1",
  max_token: 5,
  use_secret: true,
  login: { password: "2", user: "me", other: { api_key: "3" } },
  rows: [{ key: "4", n: 1 }, { key: "", n: 2 }, { n: 3, token: 7 }],
  unknown: { secrets: { a: "5", b: 6 }, is_secret: true, password: null },
  entered: "8",
  pins: [],
  tokens: [""],
};

Deno.test("secrets with a value are found by type, by name and by path", () => {
  assert.deepEqual(findSecrets(INPUTS, { form: FORM, secretPaths: ["entered"] }), [
    "entered",
    "pin",
    "login.password",
    "login.other.api_key",
    "rows[0].key",
    "rows[2].token",
    "unknown.secrets",
  ]);
});

Deno.test("a password that YAML reads as an object is secret, also where its names are all that it has", () => {
  assert.deepEqual(findSecrets({ pin: { "{ x }": null } }, { form: FORM, secretPaths: [] }), ["pin"]);
});

Deno.test("of a list of secrets, each value is one: a rerun asks for them", () => {
  const inputs = { pins: ["1", "2"], tokens: [null, "", []], rows: [] };
  const paths = findSecrets(inputs, { form: FORM, secretPaths: [] });
  assert.deepEqual(paths, ["pins[0]", "pins[1]"]);
  assert.deepEqual(withoutSecrets(inputs, paths), { ...inputs, pins: [null, null] });
});

Deno.test("masking changes only secrets", () => {
  const masked = maskSecrets(INPUTS, findSecrets(INPUTS, { form: FORM, secretPaths: ["entered"] }));
  assert.deepEqual(masked, {
    pin: "•••",
    max_token: 5,
    use_secret: true,
    login: { password: "•••", user: "me", other: { api_key: "•••" } },
    rows: [{ key: "•••", n: 1 }, { key: "", n: 2 }, { n: 3, token: "•••" }],
    unknown: { secrets: "•••", is_secret: true, password: null },
    entered: "•••",
    pins: [],
    tokens: [""],
  });
  assert.equal(INPUTS["pin"], "1");
});

for (
  const [path, want] of [
    [["pin"], true],
    [["max_token"], false],
    [["login", "password"], true],
    [["login", "user"], false],
    [["rows", 3, "key"], true],
    [["pins", 0], true],
    [["tokens", 0], true],
    [["names", 0], false],
    [["unknown", "secrets", "a"], true],
    [["unknown", "name"], false],
  ] as const
) {
  Deno.test(`${path.join(".")} is ${want ? "" : "not "}secret`, () => {
    const value: Json = path.reduceRight<Json>(
      (inner, name) => typeof name === "number" ? [inner] : { [name]: inner },
      "x",
    );
    assert.ok(isObject(value));
    assert.equal(findSecrets(value, { form: FORM, secretPaths: [] }).length > 0, want);
  });
}

Deno.test("removing secrets changes nothing else, and keeps the positions in a list", () => {
  const inputs = { pin: "1", list: ["a", "b"], login: { password: "2", user: "me" } };
  assert.deepEqual(withoutSecrets(inputs, ["pin", "list[0]", "login.password"]), {
    list: [null, "b"],
    login: { user: "me" },
  });
});

for (
  const [value, want] of [
    ["abcd", ["abcd"]],
    ["abc", ["abc"]],
    [1234, ["1234"]],
    [123, ["123"]],
    [{ a: "first", b: ["second", 34567], c: true, d: null }, ["first", "second", "34567"]],
  ] as const
) {
  Deno.test(`the secret ${JSON.stringify(value)} is redacted as ${JSON.stringify(want)}`, () => {
    const inputs: JsonObject = { x: JSON.parse(JSON.stringify(value)) };
    assert.deepEqual(secretValues(inputs, ["x"]), want);
  });
}

Deno.test("without inputs, or without the secret in them, there are no values to redact", () => {
  assert.deepEqual(secretValues(null, ["x"]), []);
  assert.deepEqual(secretValues({}, ["x", "y.z"]), []);
});
