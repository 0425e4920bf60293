import assert from "node:assert/strict";
import { VERSION } from "../lib/version.ts";

Deno.test("the program's version is that of deno.json", async () => {
  const { version }: { version: string } = JSON.parse(
    await Deno.readTextFile(new URL("../deno.json", import.meta.url)),
  );
  assert.equal(VERSION, version);
});
