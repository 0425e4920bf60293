/** Everything outside the program that a command may use. The entry point creates the real one; tests create another. */

import type { RunIsolated, RunProgram } from "../child_process.ts";
import type { Clock } from "../clock.ts";
import type { Submitted } from "../result.ts";

export interface TextWriter {
  /**
   * Writes all of the text, in order.
   *
   * @throws PipeClosed when the reader has closed the stream, OutputFailed when the text cannot be written. Stderr never
   *   throws: progress that cannot be written does not end what it reports on.
   */
  write(text: string): void;
  readonly isTerminal: boolean;
  /** The terminal's width in cells; 80 if it is unknown. */
  columns(): number;
  /** The terminal's height in lines; 24 if it is unknown. */
  rows(): number;
  /** Calls back when the program continues after it was stopped, as by Ctrl-Z: others may have written since. */
  readonly onContinue?: ((callback: () => void) => Disposable) | undefined;
}

export type StopSignal = "SIGHUP" | "SIGINT" | "SIGTERM";

export interface Context {
  /** Printed by `--version`. */
  readonly versionLine: string;
  /** Without the program's name. */
  readonly args: readonly string[];
  /** The environment, and of a `.env` file only what selects no API key. */
  env(name: string): string | undefined;
  /** `PW_API_KEY` of the working folder's `.env`, which is weaker than the environment; `undefined` without one. */
  readonly dotenvKey?: string | undefined;
  /** What else comes from that file. */
  readonly dotenvSettings?: ReadonlyMap<string, string> | undefined;
  readonly os: typeof Deno.build.os;
  readonly runtime: { readonly deno: string; readonly arch: string };
  readonly stdin: { readonly isTerminal: boolean; readText(): Promise<string> };
  /** Prompts for a secret without echo. Call it only if stdin is a terminal. The signal ends it with its reason. */
  promptSecret(label: string, signal?: AbortSignal): Promise<string>;
  /**
   * Calls back with the text of the keys that are pressed, also with sequences like that of an arrow, until disposed.
   * Ctrl-C stays a signal. `undefined` where stdin is no terminal.
   */
  readonly onKeys?: ((callback: (text: string) => void) => Disposable) | undefined;
  /**
   * A prompt for yes or no that can be answered with arrows, and left with Esc for no; absent where none can be drawn. The
   * signal ends it with its reason.
   */
  readonly promptYesNo?: ((question: string, signal?: AbortSignal) => Promise<boolean>) | undefined;
  /** Reads one line; `null` at the end of stdin. Call it only if stdin is a terminal. */
  readLine(): Promise<string | null>;
  readonly stdout: TextWriter;
  readonly stderr: TextWriter;
  readonly clock: Clock;
  /** In [0, 1), like `Math.random`. */
  readonly random: () => number;
  readonly fetch: typeof globalThis.fetch;
  readonly runProgram: RunProgram;
  /** `undefined` where no program can be started. */
  readonly runIsolated?: RunIsolated | undefined;
  /**
   * Runs a program with this process's streams and environment, and more variables. Returns its exit code. Until then, stop
   * signals are its alone.
   */
  runInForeground(command: readonly string[], env: Readonly<Record<string, string>>): Promise<number>;
  readTextFile(path: string): Promise<string>;
  /** What a command has read by now. */
  readonly filesRead?: readonly string[];
  /** Absolute, and without symbolic links; `null` for what is no file that may be read. */
  realPath(path: string): Promise<string | null>;
  /** Throws what {@link Context.writeNewFile} would, and leaves no file behind. */
  checkNewFile(path: string): Promise<void>;
  /**
   * Throws Deno.errors.AlreadyExists instead of overwriting a file. No file is left behind if the text cannot be read or
   * written to its end.
   */
  writeNewFile(path: string, text: string | ReadableStream<string>): Promise<void>;
  /** Writes a file as a whole: a reader, and a crash, find the earlier text or the new one. */
  replaceFile(path: string, text: string): Promise<void>;
  /** Throws what {@link Context.replaceFile} would, and leaves no file behind. */
  checkReplaceable(path: string): Promise<void>;
  appendFile(path: string, text: string): void;
  /** Also the folders around it; it may exist. */
  createFolder(path: string): Promise<void>;
  /** Paths of the matching files, or folders, in a folder, including the folder; empty if the folder does not exist. */
  listFiles(folder: string, pattern: RegExp, kind?: "file" | "folder"): Promise<readonly string[]>;
  /** Whether the file may be read without a permission prompt: for optional files. */
  mayRead(path: string): boolean;
  /** Whether a variable may be read. If not, {@link Context.env} returns `undefined`. */
  mayReadEnv(name: string): boolean;
  /**
   * Whether another job of the shell has the terminal, as after `&`: a line that is rewritten would be drawn over it, and
   * reading keys would stop the program.
   */
  readonly isInBackground?: (() => boolean) | undefined;
  /** Calls back when the process receives a stop signal, until disposed, or while a later caller listens. */
  onSignal(callback: (signal: StopSignal) => void): Disposable;
}

/** The reader of our output has closed the pipe, as `head` does. */
export class PipeClosed extends Error {
  override readonly name = "PipeClosed";
}

/** Stdout cannot be written, for example because its disk is full. */
export class OutputFailed extends Error {
  override readonly name = "OutputFailed";
}

/** This machine failed while a run exists: the wait for it ended, or its result could not be written. */
export class LocalFailure extends Error {
  override readonly name = "LocalFailure";
  readonly hint: string;
  readonly submitted: Submitted;

  constructor(message: string, { hint, submitted, cause }: Pick<LocalFailure, "hint" | "submitted" | "cause">) {
    super(message, { cause });
    this.hint = hint;
    this.submitted = submitted;
  }
}

/** The state of the run when waiting for it was interrupted. */
export interface StoppedWait {
  readonly message: string;
  readonly hint: string;
  readonly submitted: Submitted;
  /** True if the run was cancelled. */
  readonly isCancelled?: boolean;
  /** The name of the run if it was left running. */
  readonly continuing?: string;
}

/** The process received a stop signal. Used as the reason of an abort. */
export class Stopped extends Error {
  override readonly name = "Stopped";

  /** @param wait `null` if no run continues after the process ends. */
  constructor(readonly signal: StopSignal, readonly wait: StoppedWait | null = null) {
    super(`Stopped by ${signal}`);
  }
}
