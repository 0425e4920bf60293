import assert from "node:assert/strict";
import { stopSignals, systemContext } from "../../lib/cli/system_context.ts";

Deno.test("on Windows, Ctrl-Break stops like Ctrl-C and no unsupported signal is used", () => {
  assert.deepEqual([...stopSignals("windows")], [["SIGINT", "SIGINT"], ["SIGBREAK", "SIGINT"]]);
});

for (const os of ["linux", "darwin"] as const) {
  Deno.test(`on ${os}, a closed terminal, Ctrl-C and kill are reported as their own signals`, () => {
    assert.deepEqual([...stopSignals(os)].map(([signal, reportedAs]) => signal === reportedAs && signal), [
      "SIGHUP",
      "SIGINT",
      "SIGTERM",
    ]);
  });
}

Deno.test("this platform supports every signal that the program listens for", () => {
  using _listening = systemContext("").onSignal(() => {});
});
