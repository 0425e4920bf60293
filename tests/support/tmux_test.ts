import assert from "node:assert/strict";
import { needing } from "./needs.ts";
import { tmuxMissing } from "./tmux.ts";

const TMUX = new URL("./tmux.ts", import.meta.url).href;
const DEADLINE_MS = 15_000;

Deno.test({
  ...needing("a killed test leaves no terminal and no program behind", await tmuxMissing()),
  async fn() {
    const script = `
      const { openTerminal } = await import(${JSON.stringify(TMUX)});
      const terminal = await openTerminal({ command: "echo pid=$$; exec sleep 600" });
      const screen = await terminal.waitFor(/pid=(\\d+)/);
      console.log(/pid=(\\d+)/.exec(screen)[1]);
      setInterval(() => {}, 1_000);
    `;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["eval", script],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
      signal: AbortSignal.timeout(60_000),
    }).spawn();
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const pid = Number((await reader.read()).value);
    assert.ok(isAlive(pid));
    child.kill("SIGKILL");
    await child.status;
    await reader.cancel();
    const endMs = Date.now() + DEADLINE_MS;
    while (isAlive(pid)) {
      assert.ok(Date.now() < endMs, `process ${pid} is still alive`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  },
});

function isAlive(pid: number): boolean {
  try {
    // SIGCONT has no effect on a process that is not stopped.
    Deno.kill(pid, "SIGCONT");
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
