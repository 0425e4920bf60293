/** A real terminal: tmux with its own server. */

export interface Terminal extends AsyncDisposable {
  /** The text on the screen, without trailing spaces; with `isStyled` it includes the color escapes. */
  screen(options?: { readonly isStyled?: boolean }): Promise<string>;
  /** Waits until the screen matches, and returns it; throws with the screen after the deadline. */
  waitFor(pattern: RegExp, options?: { readonly deadlineMs?: number }): Promise<string>;
  /** Types tmux's key names such as `Enter`, `C-c` and `Down`; other strings are typed literally. */
  keys(...keys: readonly string[]): Promise<void>;
  /** Sends a signal like `INT` to the program in any mode of the terminal. */
  signal(name: string): Promise<void>;
  isCursorVisible(): Promise<boolean>;
  /** Changes its width, as when its window is resized. */
  resize(columns: number): Promise<void>;
}

export interface TerminalOptions {
  /** A shell command. The terminal stays open afterwards. */
  readonly command: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly columns?: number;
  readonly rows?: number;
}

const POLL_INTERVAL_MS = 50;
const DEADLINE_MS = 60_000;

/** No test of a terminal takes longer. */
const MAX_SECONDS = 180;

/**
 * Ends the terminal, and with it the program in it, soon after this process has ended or after the maximum time: a killed
 * process cannot dispose it.
 */
function watchdog(socket: string): string {
  return `seconds=0; while [ $seconds -lt ${MAX_SECONDS} ] && kill -0 ${Deno.pid} 2>/dev/null; do ` +
    `sleep 1; seconds=$((seconds + 1)); done; tmux -L ${socket} kill-server`;
}

/** @returns What is missing; `undefined` when tmux works. */
export async function tmuxMissing(): Promise<string | undefined> {
  try {
    const { success } = await new Deno.Command("tmux", { args: ["-V"], stdout: "null", stderr: "null" }).output();
    return success ? undefined : "tmux does not work here";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "tmux is not installed";
    throw error;
  }
}

export async function openTerminal(
  { command, env = {}, cwd, columns = 80, rows = 24 }: TerminalOptions,
): Promise<Terminal> {
  const socket = `pw-test-${crypto.randomUUID()}`;
  const run = async (...args: readonly string[]): Promise<string> => {
    const { success, stdout, stderr } = await new Deno.Command("tmux", {
      args: ["-L", socket, "-f", "/dev/null", ...args],
      // At a user's terminal there is no CI, also when a CI job runs the tests.
      env: { CI: "", ...env, TERM: "xterm-256color", LC_ALL: "C.UTF-8" },
      ...(cwd === undefined ? {} : { cwd }),
      stdin: "null",
      signal: AbortSignal.timeout(DEADLINE_MS),
    }).output();
    if (!success) throw new Error(`tmux ${args[0]} failed: ${new TextDecoder().decode(stderr)}`);
    return new TextDecoder().decode(stdout);
  };
  const size = ["-x", String(columns), "-y", String(rows)];
  await run("new-session", "-d", ...size, `${command}; echo "[ended $?]"; exec cat`);
  await run("run-shell", "-b", watchdog(socket));
  const screen = async ({ isStyled = false } = {}) => {
    const text = await run("capture-pane", "-p", ...(isStyled ? ["-e"] : []));
    return text.split("\n").map((line) => line.trimEnd()).join("\n").trimEnd();
  };
  return {
    screen,
    async waitFor(pattern, { deadlineMs = DEADLINE_MS } = {}) {
      const endMs = Date.now() + deadlineMs;
      while (true) {
        const text = await screen();
        if (pattern.test(text)) return text;
        if (Date.now() > endMs) throw new Error(`The screen never showed ${pattern}:\n${text}`);
        await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
      }
    },
    async keys(...keys) {
      for (const key of keys) await run("send-keys", key);
    },
    async signal(name) {
      await run("run-shell", `pkill -${name} -P #{pane_pid}`);
    },
    isCursorVisible: async () => (await run("display-message", "-p", "#{cursor_flag}")).trim() === "1",
    resize: async (width) => void await run("resize-window", "-x", String(width), "-y", String(rows)),
    async [Symbol.asyncDispose]() {
      await run("kill-server");
    },
  };
}
