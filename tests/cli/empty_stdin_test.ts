import assert from "node:assert/strict";
import { cliStage } from "../support/cli_stage.ts";

for (const text of ["", "\n", "null"]) {
  Deno.test(`${JSON.stringify(text)} on stdin is refused by run -i -, and starts nothing`, async () => {
    await using stage = await cliStage();
    const context = { stdin: { isTerminal: false, readText: () => Promise.resolve(text) } };
    const { code, stderr } = await stage.call(["run", "quick", "-i", "-"], { context });
    assert.equal(code, 2);
    assert.match(stderr, /stdin.*write \{\} for no inputs/);
    assert.equal(stage.simulator.received("submit").length, 0);
  });
}

for (const words of [["-", "-"], ["-", "-i", "-"]]) {
  Deno.test(`batch ${words.join(" ")} reports that stdin is read twice, not that it is empty`, async () => {
    await using stage = await cliStage();
    const texts = ["{}"];
    const context = { stdin: { isTerminal: false, readText: () => Promise.resolve(texts.shift() ?? "") } };
    const { code, stderr } = await stage.call(["batch", ...words, "--workflow", "quick", "--name", "a"], { context });
    assert.equal(code, 2);
    assert.match(stderr, /stdin +cannot be read: it can only be read once\n/);
    assert.equal(stage.simulator.received("submit").length, 0);
  });
}

Deno.test("times in JSON are RFC 3339 in UTC", async () => {
  await using stage = await cliStage();
  await stage.call(["run", "quick", "--poll-interval", "100ms"]);
  const documents = [await stage.json("runs"), await stage.json("history"), await stage.json("status", "last")];
  const times = JSON.stringify(documents).match(/"[a-zA-Z]+At":"[^"]*"/g) ?? [];
  assert.ok(times.length >= 4, times.join());
  for (const time of times) assert.match(time, /:"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z"$/);
});
