import assert from "node:assert/strict";
import { stopSignals, systemContext } from "../../lib/cli/system_context.ts";

Deno.test("Ctrl-Break on Windows stops like Ctrl-C, and nothing is listened for that Windows has not", () => {
  assert.deepEqual([...stopSignals("windows")], [["SIGINT", "SIGINT"], ["SIGBREAK", "SIGINT"]]);
});

for (const os of ["linux", "darwin"] as const) {
  Deno.test(`a closed terminal, Ctrl-C and kill are each heard as such on ${os}`, () => {
    assert.deepEqual([...stopSignals(os)].map(([heard, meant]) => heard === meant && heard), [
      "SIGHUP",
      "SIGINT",
      "SIGTERM",
    ]);
  });
}

Deno.test("this machine knows every signal that is listened for", () => {
  using _listening = systemContext("").onSignal(() => {});
});
