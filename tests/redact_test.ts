import assert from "node:assert/strict";
import { Rejected } from "../lib/errors.ts";
import { mapPieces } from "../lib/pieces.ts";
import { createRedactor, redactDeep, redactError, redactPieces, SECRET_MASK } from "../lib/redact.ts";

const SECRETS = ["hunter22", 'a"b\\c\nd', "s3c+r/t=&", "ä€🚀", "abcd"];

for (const secret of SECRETS) {
  const redact = createRedactor([secret]);
  const json = JSON.stringify(secret).slice(1, -1);
  const forms: Readonly<Record<string, string>> = {
    "as it is": secret,
    "escaped as JSON": json,
    "escaped as JSON twice": JSON.stringify(json).slice(1, -1),
    "URL-encoded": encodeURIComponent(secret),
    "form-encoded": new URLSearchParams({ a: secret }).toString().slice(2),
  };
  for (const [name, form] of Object.entries(forms)) {
    Deno.test(`createRedactor() masks ${JSON.stringify(secret)} ${name}`, () => {
      assert.equal(redact(`x ${form} y ${form}`), `x ${SECRET_MASK} y ${SECRET_MASK}`);
    });
  }
  for (const before of ["", "u", "us", "use"]) {
    Deno.test(`createRedactor() masks ${JSON.stringify(secret)} in the base64 of "${before}…"`, () => {
      const bytes = new TextEncoder().encode(`${before}${secret}:rest`);
      const text = btoa(String.fromCharCode(...bytes));
      const masked = redact(text);
      assert.ok(masked.includes(SECRET_MASK), masked);
    });
  }
}

for (
  const [writer, form] of [
    ["Go's JSON", String.raw`a\u003c/b!\u003e \u0026 ä`],
    ["Go's JSON in JSON", String.raw`a\\u003c/b!\\u003e \\u0026 ä`],
    ["Python's JSON", String.raw`a</b!> & \u00e4`],
    ["Python's quote()", "a%3C/b%21%3E%20%26%20%C3%A4"],
    ["RFC 3986", "a%3C%2Fb%21%3E%20%26%20%C3%A4"],
    ["Go's QueryEscape()", "a%3C%2Fb%21%3E+%26+%C3%A4"],
    ["JavaScript's encodeURIComponent()", "a%3C%2Fb!%3E%20%26%20%C3%A4"],
  ] as const
) {
  Deno.test(`createRedactor() masks a secret as ${writer} has it`, () => {
    assert.equal(createRedactor(["a</b!> & ä"])(`x ${form} y`), `x ${SECRET_MASK} y`);
  });
}

Deno.test("createRedactor() masks the lines of a secret where something stands between them", () => {
  const redact = createRedactor(["-----BEGIN KEY-----\nfirst-line\n  second-line\ndone\n"]);
  assert.equal(redact("first-line\r\nsecond-line\r\n"), `${SECRET_MASK}\r\n${SECRET_MASK}\r\n`);
  assert.equal(redact("12:00 | first-line\n12:01 | done\n"), `12:00 | ${SECRET_MASK}\n12:01 | done\n`);
});

Deno.test("createRedactor() masks the text of a file without the line break at its end", () => {
  const redact = createRedactor(["hunter22\n"]);
  assert.equal(redact("x hunter22 y"), `x ${SECRET_MASK} y`);
  assert.ok(redact(btoa("user:hunter22")).includes(SECRET_MASK));
});

for (const part of ["0123456789", "abc def\n"]) {
  Deno.test(`createRedactor() masks 10,000 times ${JSON.stringify(part)}, and a short secret beside it`, () => {
    const secret = part.repeat(10_000);
    const redact = createRedactor([secret, "hunter22"]);
    assert.equal(redact(`x ${secret} y hunter22`), `x ${SECRET_MASK} y ${SECRET_MASK}`);
    assert.ok(redact(btoa(`user:${secret}`)).length < 20);
  });
}

Deno.test("createRedactor() masks each of very many secrets", () => {
  const secrets = Array.from({ length: 8_000 }, (_, index) => `secret-${index}\nsecond line ${index}`);
  assert.equal(createRedactor(secrets)("secret-7999; second line 3"), `${SECRET_MASK}; ${SECRET_MASK}`);
});

Deno.test("createRedactor() masks no short value, and no ordinary word", () => {
  const text = "abc true false null 12";
  assert.equal(createRedactor(["abc", "true", "false", "null", "12", ""])(text), text);
});

Deno.test("createRedactor() masks the longer of two secrets that begin alike", () => {
  assert.equal(createRedactor(["abcd", "abcdefgh"])("abcdefgh abcd"), `${SECRET_MASK} ${SECRET_MASK}`);
});

Deno.test("redactDeep() reaches every string, and keeps everything else", () => {
  const redact = createRedactor(["hunter22"]);
  assert.deepEqual(redactDeep({ a: ["hunter22", 1, null, true], hunter22: { b: "x hunter22" } }, redact), {
    a: [SECRET_MASK, 1, null, true],
    hunter22: { b: `x ${SECRET_MASK}` },
  });
});

Deno.test("redactError() masks message, hint, problems, stack and cause, and keeps the class", () => {
  const redact = createRedactor(["hunter22"]);
  const problems = [{ origin: "", path: "a", message: "got hunter22" }];
  const error = new Rejected("Cannot run: hunter22", problems, { hint: "not hunter22", cause: "hunter22", code: "c" });
  const redacted = redactError(error, redact);
  assert.ok(redacted instanceof Rejected && redacted.kind === "rejected" && redacted.code === "c");
  assert.equal(redacted.message, `Cannot run: ${SECRET_MASK}`);
  assert.deepEqual(redacted.problems.map(({ message }) => message), [`got ${SECRET_MASK}`]);
  assert.ok(!Deno.inspect(redacted).includes("hunter22"), Deno.inspect(redacted));
  assert.equal(redactError(new TypeError("hunter22"), redact).message, "hunter22");
});

Deno.test("redactError() masks and keeps the hint for users of the command line", () => {
  const error = new Rejected("Cannot run", [], { hint: "a", commandHint: "not hunter22" });
  const redacted = redactError(error, createRedactor(["hunter22"]));
  assert.deepEqual([redacted.hint, redacted.commandHint], ["a", `not ${SECRET_MASK}`]);
});

for (
  const pieces of [["x pass", "word123 y"], ["x password12", "3 y"], ["x ", "password123", " y"], ["x password123 y"]]
) {
  Deno.test(`redactPieces() masks the longer of two secrets in ${JSON.stringify(pieces)}`, async () => {
    const redact = createRedactor(["pass", "password123"]);
    const redacted = await Array.fromAsync(mapPieces(ReadableStream.from(pieces), redactPieces(redact)));
    assert.equal(redacted.join(""), `x ${SECRET_MASK} y`);
  });
}
