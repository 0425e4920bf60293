import assert from "node:assert/strict";
import { cacheEnv } from "../support/program.ts";

const PROMPTER = new URL("../../lib/prompts/clack_prompter.ts", import.meta.url);
const ASK_TWICE = `
  import { clackPrompter } from ${JSON.stringify(PROMPTER.href)};
  const prompter = await clackPrompter({ mayColor: false });
  for (const name of ["First", "Second"]) {
    await prompter.text(name).catch((error) => console.log(error.message));
  }
  Deno.exit(0);
`;

// Deno 2.4 and 2.5 set the mode of the input even where it is no terminal, which fails.
if (!/^2\.[45]\./.test(Deno.version.deno)) {
  Deno.test("a prompt whose input ends is cancelled, and so is each after it", endInput);
}

async function endInput(): Promise<void> {
  await using child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--no-lock", "--ext=ts", `data:text/typescript,${encodeURIComponent(ASK_TWICE)}`],
    env: { ...cacheEnv(), NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(60_000),
  }).spawn();
  await child.stdin.close();
  const { code, stdout, stderr } = await child.output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  assert.equal(new TextDecoder().decode(stdout), "The prompt was cancelled\n".repeat(2));
}
