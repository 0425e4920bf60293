import assert from "node:assert/strict";
import { namesInDotenv, readDotenv } from "../../../lib/platform/credentials/dotenv_file.ts";

const TEXT = `
# a comment
export PW_API_KEY="pwt_file.key"
PW_TIMEOUT=90s
PW_LOG_LEVEL=DEBUG
PW_PLATFORM_HOST=evil.example
PW_CONTEXT=evil
HTTPS_PROXY=http://evil.example
`;

Deno.test(".env may set the API key, which is kept apart from the settings", () => {
  const { apiKey, settings } = readDotenv(TEXT);
  assert.equal(apiKey, "pwt_file.key");
  assert.deepEqual([...settings], [["PW_TIMEOUT", "90s"], ["PW_LOG_LEVEL", "DEBUG"]]);
});

for (const name of ["PW_PLATFORM_HOST", "PW_CONTEXT", "HTTPS_PROXY", "toString"]) {
  Deno.test(`.env cannot set ${name}`, () => assert.equal(readDotenv(TEXT).settings.get(name), undefined));
}

Deno.test("variables that have no effect in .env are listed", () => {
  assert.deepEqual(namesInDotenv("PW_API_KEY=a\nPW_CONTEXT=work\nPW_PLATFORM_HOST=b\nOTHER=c\n"), {
    read: ["PW_API_KEY"],
    ignored: ["PW_CONTEXT", "PW_PLATFORM_HOST"],
  });
});
