/** A process that ticks on request, and may be killed meanwhile. */

const WORKER = new URL("tick_worker.ts", import.meta.url).href;
const ROOT = new URL("../../../", import.meta.url);
const DEADLINE_MS = 600_000;
/** More than a tick takes, and the restart of a server that it waits for. */
const ANSWER_MS = 90_000;

export interface TickProcess extends AsyncDisposable {
  /** @returns `ticked`, `locked`, `failed: …`, or `killed` when the process ended first. */
  tick(nowMs: number): Promise<string>;
  kill(): void;
  isAlive(): boolean;
}

export function startTickProcess(store: string, key: string): TickProcess {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", "-A", WORKER, store, key],
    cwd: ROOT,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
    signal: AbortSignal.timeout(DEADLINE_MS),
  }).spawn();
  const input = child.stdin.getWriter();
  const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let isAlive = true;
  let text = "";
  const kill = () => {
    if (isAlive) child.kill("SIGKILL");
    isAlive = false;
  };
  return {
    async tick(nowMs) {
      using _ = deadline(() => child.kill("SIGKILL"));
      await input.write(new TextEncoder().encode(`${nowMs}\n`));
      while (!text.includes("\n")) {
        const { value, done } = await output.read();
        if (done && isAlive) throw new Error("The process ended by itself, or did not answer in time");
        if (done) return "killed";
        text += value;
      }
      const [line = "", ...rest] = text.split("\n");
      text = rest.join("\n");
      return line;
    },
    kill,
    isAlive: () => isAlive,
    async [Symbol.asyncDispose]() {
      kill();
      await child.status;
      await output.cancel();
      await input.close().catch(() => {});
    },
  };
}

function deadline(onOver: () => void): Disposable {
  const timer = setTimeout(onOver, ANSWER_MS);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}
