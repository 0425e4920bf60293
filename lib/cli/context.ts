/** Everything that a command may touch outside itself: the real one is made at the door, tests make another. */

import type { Clock } from "../clock.ts";
import type { Submitted } from "../result.ts";

/** A stream that text goes to. */
export interface TextWriter {
  /** Writes all of it, in order. Throws {@link PipeClosed} when nobody reads any more. */
  write(text: string): void;
  readonly isTerminal: boolean;
  /** The terminal's width in cells; a common one where it isn't known. */
  columns(): number;
}

export type StopSignal = "SIGHUP" | "SIGINT" | "SIGTERM";

export interface Context {
  /** What `--version` prints. */
  readonly versionLine: string;
  /** Without the program's own name. */
  readonly args: readonly string[];
  env(name: string): string | undefined;
  readonly os: typeof Deno.build.os;
  /** What runs the program, and on what. */
  readonly runtime: { readonly deno: string; readonly arch: string };
  readonly stdin: { readonly isTerminal: boolean; readText(): Promise<string> };
  /** Asks for a secret without showing it. Only where stdin is a terminal. */
  askSecret(label: string): Promise<string>;
  /** Reads one line; `null` when stdin has ended. Only where stdin is a terminal. */
  readLine(): Promise<string | null>;
  readonly stdout: TextWriter;
  readonly stderr: TextWriter;
  readonly clock: Clock;
  /** In [0, 1), like `Math.random`. */
  readonly random: () => number;
  readonly fetch: typeof globalThis.fetch;
  readTextFile(path: string): Promise<string>;
  /** Throws Deno.errors.AlreadyExists rather than overwrite. */
  writeNewFile(path: string, text: string): Promise<void>;
  /** The folder's files that fit, with the folder before their names; none where there is no such folder. */
  listFiles(folder: string, pattern: RegExp): Promise<readonly string[]>;
  /** Whether the file may be read without asking anybody: for files that are welcome, not needed. */
  mayRead(path: string): boolean;
  /** Whether a variable may be read: one that may not be looks as if nobody had set it. */
  mayReadEnv(name: string): boolean;
  /** Calls back when somebody asks the program to stop, until it is disposed. */
  onSignal(callback: (signal: StopSignal) => void): Disposable;
}

/** The reader of our output went away (`| head`): there is nobody left to tell. */
export class PipeClosed extends Error {
  override readonly name = "PipeClosed";
}

/** What is known about the run when a wait is stopped. */
export interface StoppedWait {
  readonly message: string;
  readonly hint: string;
  readonly submitted: Submitted;
}

/** Somebody asked the program to stop; travels as an abort's reason. */
export class Stopped extends Error {
  override readonly name = "Stopped";
  readonly signal: StopSignal;
  /** `null` when nothing was going on that outlives us. */
  readonly wait: StoppedWait | null;

  constructor(signal: StopSignal, wait: StoppedWait | null = null) {
    super(`Stopped by ${signal}`);
    this.signal = signal;
    this.wait = wait;
  }
}
