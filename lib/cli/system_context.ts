import { systemClock } from "../clock.ts";
import { mayReadEnv, systemEnv, systemRandom } from "../system.ts";
import { readBoundedText, readTextFile } from "./read_text.ts";
import { expected, orError, UsageError } from "../errors.ts";
import { orNull, osErrorReason } from "../os_error.ts";
import { colorMode } from "./terminal/style.ts";
import { type Context, OutputFailed, PipeClosed, type StopSignal, type TextWriter } from "./context.ts";

/** The real context: the only module that reads the environment, the files and the terminal. */
export function systemContext(versionLine: string): Context {
  let foreground: Deno.ChildProcess | undefined;
  const listeners: DisposableStack[] = [];
  return {
    versionLine,
    args: Deno.args,
    env: systemEnv,
    os: Deno.build.os,
    runtime: { deno: Deno.version.deno, arch: Deno.build.arch },
    stdin: {
      isTerminal: Deno.stdin.isTerminal(),
      readText: () => readBoundedText(Deno.stdin.readable, "stdin"),
    },
    stdout: textWriter(Deno.stdout),
    stderr: textWriter(Deno.stderr, { mayFail: true }),
    clock: systemClock,
    promptSecret: async (label, signal) => (await import("./terminal/ask_secret.ts")).promptSecret(label, signal),
    readLine,
    random: systemRandom,
    fetch: globalThis.fetch,
    readTextFile,
    realPath: async (path) => mayRead(path) ? await Deno.realPath(path).catch(() => null) : null,
    // Loaded with the first program.
    runProgram: async (call) => await (await import("./run_program.ts")).runProgram(call),
    runIsolated: async (call) => await (await import("./run_program.ts")).runIsolated(call),
    async runInForeground(command, env) {
      foreground = (await import("./run_program.ts")).startInForeground(command, env);
      const { code } = await foreground.status;
      foreground = undefined;
      return code;
    },
    listFiles,
    // Loaded with the first file.
    checkNewFile: async (path) => await (await import("./write_file.ts")).checkNewFile(path),
    writeNewFile: async (path, text) => await (await import("./write_file.ts")).writeNewFile(path, text),
    replaceFile: async (path, text) => await (await import("./write_file.ts")).replaceFile(path, text),
    checkReplaceable: async (path) => await (await import("./write_file.ts")).checkReplaceable(path),
    appendFile,
    createFolder: async (path) => await Deno.mkdir(path, { recursive: true }),
    mayRead,
    mayReadEnv,
    isInBackground,
    onSignal: (callback) => onSignal(callback, listeners, () => foreground),
    onKeys: Deno.stdin.isTerminal() ? onKeys : undefined,
    promptYesNo: Deno.stderr.isTerminal() ? promptYesNo : undefined,
  };
}

function appendFile(path: string, text: string): void {
  // Without a reader, opening it would stop the whole program, and a reader takes the end of each text for its own.
  const isKnown = mayRead(path) && !path.startsWith("/dev/");
  const file = isKnown ? orError(Deno.errors.NotFound, () => Deno.statSync(path)) : null;
  if (file !== null && "isFifo" in file && file.isFifo === true) {
    throw new UsageError(`Cannot write ${path}: it is a named pipe`, { hint: "Choose another file" });
  }
  Deno.writeTextFileSync(path, text, { append: true });
}

/** In line mode, the terminal delivers the input once Enter is pressed. */
async function readLine(): Promise<string | null> {
  const buffer = new Uint8Array(1_024);
  const count = await Deno.stdin.read(buffer);
  return count === null ? null : new TextDecoder().decode(buffer.subarray(0, count)).trimEnd();
}

async function promptYesNo(question: string, signal?: AbortSignal): Promise<boolean> {
  const [{ openPrompter }, { PromptCancelled }] = await Promise.all([
    import("./terminal/prompter.ts"),
    import("../prompts/prompter.ts"),
  ]);
  const mayColor = colorMode(systemEnv) !== "never";
  const prompter = await openPrompter(textWriter(Deno.stderr), { mayColor, signal });
  return await prompter.confirm(question, { initial: false }).catch(expected(PromptCancelled)) === true;
}

function onKeys(callback: (text: string) => void): Disposable {
  let isListening = true;
  const setRaw = () => Deno.stdin.setRaw(true, { cbreak: Deno.build.os !== "windows" });
  // A shell sets the terminal to its own mode.
  const continuing = onContinue(setRaw);
  setRaw();
  void (async () => {
    const buffer = new Uint8Array(64);
    while (isListening) {
      const count = await Deno.stdin.read(buffer);
      if (count === null || !isListening) return;
      callback(new TextDecoder().decode(buffer.subarray(0, count)));
    }
  })();
  return {
    [Symbol.dispose]() {
      isListening = false;
      continuing[Symbol.dispose]();
      Deno.stdin.setRaw(false);
    },
  };
}

function mayRead(path: string): boolean {
  return Deno.permissions.querySync({ name: "read", path }).state === "granted";
}

/** What Linux reports of this process; empty where it does not, or where the program may not do everything. */
function processFacts(name: "stat" | "status"): string {
  try {
    return Deno.build.os === "linux" && mayRead("/proc") ? Deno.readTextFileSync(`/proc/self/${name}`) : "";
  } catch {
    return "";
  }
}

/** False where the system does not report it. */
function isInBackground(): boolean {
  // After the name: state, parent, process group, session, terminal, its process group; -1 without one.
  const [, , group, , , foreground = "-1"] = processFacts("stat").replace(/^.*\) /s, "").split(" ");
  return foreground !== "-1" && foreground !== group;
}

function onContinue(callback: () => void): Disposable {
  if (Deno.build.os === "windows") return { [Symbol.dispose]: () => {} };
  Deno.addSignalListener("SIGCONT", callback);
  return { [Symbol.dispose]: () => Deno.removeSignalListener("SIGCONT", callback) };
}

/** @param mayFail Text that cannot be written is dropped. */
function textWriter(stream: typeof Deno.stdout, { mayFail = false } = {}): TextWriter {
  const isTerminal = stream.isTerminal();
  const encoder = new TextEncoder();
  return {
    isTerminal,
    columns: () => isTerminal && consoleSize()?.columns || 80,
    rows: () => isTerminal && consoleSize()?.rows || 24,
    onContinue,
    write(text) {
      let bytes = encoder.encode(text);
      try {
        while (bytes.length > 0) bytes = bytes.subarray(writeSome(stream, bytes));
      } catch (error) {
        if (!mayFail) throw error;
      }
    },
  };
}

function consoleSize(): ReturnType<typeof Deno.consoleSize> | undefined {
  try {
    return Deno.consoleSize();
  } catch {
    return undefined; // Some CI systems emulate a terminal without a size.
  }
}

function writeSome(stream: typeof Deno.stdout, bytes: Uint8Array): number {
  try {
    return stream.writeSync(bytes);
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) throw new PipeClosed("The output is closed", { cause: error });
    if (!(error instanceof Deno.errors.WouldBlock)) {
      const reason = osErrorReason(error) ?? String(error);
      throw new OutputFailed(`Cannot write the output: ${reason}`, { cause: error });
    }
    // The parent process may provide a non-blocking pipe: wait briefly for its reader.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    return 0;
  }
}

const listFiles: Context["listFiles"] = async (folder, pattern, kind = "file") => {
  const { FilesystemLoop, NotADirectory, NotCapable, PermissionDenied } = Deno.errors;
  const refused = [FilesystemLoop, NotADirectory, NotCapable, PermissionDenied];
  const entries = await orNull(Array.fromAsync(Deno.readDir(folder)), ...refused) ?? [];
  const paths: string[] = [];
  for (const entry of entries.filter(({ name }) => pattern.test(name))) {
    const path = `${folder}/${entry.name}`;
    const { isFile, isDirectory } = entry.isSymlink ? await orNull(Deno.stat(path), ...refused) ?? entry : entry;
    if (kind === "file" ? isFile : isDirectory) paths.push(path);
  }
  return paths.sort();
};

/**
 * @param listeners Of which the last one gets the signals.
 * @param foreground The program that has the terminal, which stops this one with its end.
 */
function onSignal(
  callback: (signal: StopSignal) => void,
  listeners: DisposableStack[],
  foreground: () => Deno.ChildProcess | undefined,
): Disposable {
  let isStopping = false;
  const ignored = isHangupIgnored() ? "SIGHUP" : null;
  const listening = new DisposableStack();
  listeners.push(listening);
  listening.defer(() => void listeners.splice(listeners.indexOf(listening), 1));
  for (const [signal, reportedAs] of stopSignals(Deno.build.os)) {
    const listener = () => {
      // For `nohup`. Without a listener, Deno 2.9 would end the program.
      if (signal === ignored || listening !== listeners.at(-1)) return;
      const program = foreground();
      if (program !== undefined) {
        // The terminal sends Ctrl-C to both.
        if (reportedAs !== "SIGINT") program.kill(signal);
        return;
      }
      // On the second signal, exit without other cleanup.
      if (isStopping) {
        restoreTerminal();
        Deno.exit({ SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }[reportedAs]);
      }
      isStopping = true;
      callback(reportedAs);
    };
    Deno.addSignalListener(signal, listener);
    listening.defer(() => Deno.removeSignalListener(signal, listener));
  }
  return listening;
}

/** False where the system does not report it. */
function isHangupIgnored(): boolean {
  // A mask in hexadecimal, whose last bit is that of SIGHUP.
  return /^SigIgn:.*[13579bdf]$/m.test(processFacts("status"));
}

/** Shows the cursor that a prompt has hidden, below what is on the line. */
function restoreTerminal(): void {
  if (!Deno.stderr.isTerminal()) return;
  try {
    Deno.stderr.writeSync(new TextEncoder().encode("\u001b[?25h\n"));
  } catch {
    // The terminal was closed.
  }
}

/** The signals to listen for and how each is reported. Windows has only Ctrl-C and Ctrl-Break on Deno 2.4. */
export function stopSignals(os: typeof Deno.build.os): ReadonlyMap<Deno.Signal, StopSignal> {
  if (os === "windows") return new Map<Deno.Signal, StopSignal>([["SIGINT", "SIGINT"], ["SIGBREAK", "SIGINT"]]);
  return new Map<Deno.Signal, StopSignal>([["SIGHUP", "SIGHUP"], ["SIGINT", "SIGINT"], ["SIGTERM", "SIGTERM"]]);
}
