import assert from "node:assert/strict";
import { envWithDotenv, namesInDotenv } from "../../../lib/platform/credentials/dotenv_file.ts";

const TEXT = `
# a comment
export PW_API_KEY="pwt_file.key"
PW_TIMEOUT=90s
PW_LOG_LEVEL=DEBUG
PW_PLATFORM_HOST=evil.example
PW_CONTEXT=evil
HTTPS_PROXY=http://evil.example
`;

for (
  const [name, value] of [["PW_API_KEY", "pwt_file.key"], ["PW_TIMEOUT", "90s"], ["PW_LOG_LEVEL", "DEBUG"]] as const
) {
  Deno.test(`.env may set ${name}`, () => {
    assert.equal(envWithDotenv(() => undefined, TEXT)(name), value);
  });
  Deno.test(`.env never overrides ${name} from the environment`, () => {
    assert.equal(envWithDotenv((variable) => variable === name ? "ours" : undefined, TEXT)(name), "ours");
  });
}

for (const name of ["PW_PLATFORM_HOST", "PW_CONTEXT", "HTTPS_PROXY", "toString"]) {
  Deno.test(`.env cannot set ${name}`, () => assert.equal(envWithDotenv(() => undefined, TEXT)(name), undefined));
}

Deno.test("other variables come from the environment", () => {
  assert.equal(envWithDotenv((name) => name === "HOME" ? "/home/demo" : undefined, TEXT)("HOME"), "/home/demo");
});

Deno.test("variables that have no effect in .env are listed", () => {
  assert.deepEqual(namesInDotenv("PW_API_KEY=a\nPW_CONTEXT=work\nPW_PLATFORM_HOST=b\nOTHER=c\n"), {
    read: ["PW_API_KEY"],
    ignored: ["PW_CONTEXT", "PW_PLATFORM_HOST"],
  });
});
