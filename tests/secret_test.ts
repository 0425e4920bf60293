import assert from "node:assert/strict";
import { Secret } from "../lib/secret.ts";

Deno.test("a secret can be revealed, but never printed", () => {
  const secret = new Secret("hunter2");
  assert.equal(secret.reveal(), "hunter2");
  for (
    const text of [
      String(secret),
      `${secret}`,
      JSON.stringify({ secret }),
      Deno.inspect({ secret }),
      Deno.inspect(secret),
    ]
  ) {
    assert.ok(!text.includes("hunter2"), text);
  }
});
