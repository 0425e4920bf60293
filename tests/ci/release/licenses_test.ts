import assert from "node:assert/strict";
import { licensesOf } from "../../../.ci/release/licenses.ts";
import { emptyFolder } from "../../support/main_job.ts";

Deno.test("licensesOf() returns the texts of each package below its name", async () => {
  await using folder = await emptyFolder();
  await Deno.writeTextFile(`${folder.path}/LICENSE.md`, "You may\n");
  await Deno.writeTextFile(`${folder.path}/NOTICE`, "By an author\n");
  await Deno.writeTextFile(`${folder.path}/license_check.js`, "code");
  const text = await licensesOf([{ name: "one@1.0.0", folder: folder.path }]);
  assert.match(text, /^-+\none@1\.0\.0\n-+\n\nYou may\n\nBy an author\n$/);
});

Deno.test("licensesOf() refuses a package without a license text", async () => {
  await using folder = await emptyFolder();
  await Deno.writeTextFile(`${folder.path}/index.js`, "code");
  await Deno.writeTextFile(`${folder.path}/package.json`, '{"license": "Apache-2.0", "author": "One"}');
  await assert.rejects(
    licensesOf([{ name: "one@1.0.0", folder: folder.path }]),
    /^Error: Cannot make a release: one@1\.0\.0 has no license text$/,
  );
});

Deno.test("licensesOf() writes the MIT license for a package that only names it", async () => {
  await using folder = await emptyFolder();
  await Deno.writeTextFile(`${folder.path}/package.json`, '{"license": "MIT", "author": "One <one@example.com>"}');
  const text = await licensesOf([{ name: "one@1.0.0", folder: folder.path }]);
  assert.match(text, /one@1\.0\.0\n[^]*Copyright \(c\) One\n\nPermission is hereby granted/);
});
