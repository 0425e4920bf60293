import assert from "node:assert/strict";
import { SHELLS } from "../../../lib/cli/completion/scripts.ts";
import { runCommandLine } from "../../../lib/cli/program.ts";
import { aContext } from "../../support/cli_context.ts";
import { needing, programMissing } from "../../support/needs.ts";
import { bufferedWriter } from "../../support/writer.ts";

for (const shell of SHELLS) {
  Deno.test({
    ...needing(`${shell} can parse its completion script`, await programMissing(shell)),
    async fn() {
      const { code, stdout } = await completions(shell);
      assert.equal(code, 0);
      const path = await Deno.makeTempFile();
      try {
        await Deno.writeTextFile(path, stdout);
        const options = { stdin: "null", signal: AbortSignal.timeout(30_000) } as const;
        const { success, stderr } = await new Deno.Command(shell, { args: ["-n", path], ...options }).output();
        assert.ok(success, new TextDecoder().decode(stderr));
      } finally {
        await Deno.remove(path);
      }
    },
  });
}

Deno.test("an unknown shell is refused, and the supported ones are named", async () => {
  const { code, stdout, stderr } = await completions("fihs");
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(stderr, /completions: SHELL must be bash, zsh or fish: got "fihs"\n.*Did you mean "fish"/);
});

async function completions(shell: string) {
  const [stdout, stderr] = [bufferedWriter(), bufferedWriter()];
  const code = await runCommandLine(aContext({ args: ["completions", shell], stdout, stderr }));
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}
