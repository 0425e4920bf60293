import assert from "node:assert/strict";
import { renderRecording } from "../../.ci/docs/recording.ts";

Deno.test("a recording shows each line when it was printed, with shorter pauses", () => {
  const svg = renderRecording([{ text: "$ go", atMs: 0 }, { text: "a", atMs: 400 }, { text: "b", atMs: 60_000 }], {
    title: "T",
  });
  const delays = [...svg.matchAll(/animation-delay:([\d.]+)s/g)].map(([, seconds]) => Number(seconds));
  assert.deepEqual(delays, [0, 0.4, 1.9]);
});

Deno.test("a recording escapes text, wraps long lines, and contains no script", () => {
  const svg = renderRecording([{ text: `<script>&\u001b[31m`, atMs: 0 }, { text: "x".repeat(200), atMs: 1 }], {
    title: "<t>",
  });
  assert.ok(svg.includes("&lt;script&gt;&amp;[31m"));
  assert.ok(!svg.includes("<script"));
  assert.equal(svg.match(/<text /g)?.length, 4);
});

Deno.test("docs/demo.svg shows a completed run and no local paths", async () => {
  const svg = await Deno.readTextFile(new URL("../../docs/demo.svg", import.meta.url));
  assert.match(svg, /✓ Workflow completed successfully/);
  assert.ok(!/\/home\/|\/root|\/tmp|C:\\/.test(svg));
  assert.ok(svg.length < 100_000);
});
