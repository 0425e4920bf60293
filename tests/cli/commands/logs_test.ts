import assert from "node:assert/strict";
import { main } from "../../../lib/cli/program.ts";
import { startSimulator } from "../../../lib/simulator/start.ts";
import { aContext } from "../../support/cli_context.ts";
import { virtualClock } from "../../support/virtual_clock.ts";
import { bufferedWriter } from "../../support/writer.ts";

const TWO_STEPS = `jobs:
  main:
    steps:
      - name: first
        run: |
          echo one
          sleep 5
          echo two
      - name: second
        run: |
          sleep 5
          echo three
`;

Deno.test("`logs -f` starts headings on a new line and ends its output with a newline, even after unfinished lines", async () => {
  const clock = virtualClock();
  await using simulator = await startSimulator({ clock, workflows: { "two-steps": TWO_STEPS } });
  const call = async (args: readonly string[]) => {
    const stdout = bufferedWriter();
    const env = (name: string) => name === "PW_API_KEY" ? simulator.key : undefined;
    assert.equal(await main(aContext({ args, clock, env, stdout, fetch: withoutLastNewline })), 0);
    return stdout.text();
  };
  const { slug }: { slug: string } = JSON.parse(
    await call(["run", "two-steps", "--no-wait", "--no-history", "--json"]),
  );
  assert.equal(
    await call(["logs", slug, "-f"]),
    "==> main / first <==\none\ntwo\n==> main / second <==\nthree\n",
  );
});

/** Removes the last newline of each log, as after a program that prints a prompt. */
async function withoutLastNewline(input: URL | RequestInfo, init?: RequestInit): Promise<Response> {
  const response = await fetch(input, init);
  const { url } = input instanceof Request ? input : { url: String(input) };
  if (!url.includes("logs.out") || !response.ok) return response;
  return new Response((await response.text()).replace(/\\n"$/, '"'), response);
}
