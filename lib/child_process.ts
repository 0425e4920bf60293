/** Running another program. The command line provides it; modules below it take it as a parameter. */

/** One call of a program. */
export interface ProgramCall {
  /** Found on the `PATH`. */
  readonly command: string;
  /** Passed unchanged, without a shell. */
  readonly args: readonly string[];
  /** Variables that the program does not inherit. */
  readonly withoutEnv: readonly string[];
  /** The program is killed after this time. */
  readonly timeoutMs: number;
}

/** How a program ended. `denied`: the runtime lacks the permission to start it. */
export type ProgramResult =
  | { readonly type: "ended"; readonly code: number; readonly stdout: string; readonly stderr: string }
  | { readonly type: "not-found" | "denied" | "timed-out" };

/** Runs a program to its end, without input. */
export type RunProgram = (call: ProgramCall) => Promise<ProgramResult>;

/** One call of a program that inherits nothing. */
export interface IsolatedCall {
  /** The program and its arguments, without a shell. */
  readonly command: readonly string[];
  readonly stdin: string;
  /** All of its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Where it runs. */
  readonly folder: string;
  /** The program is killed after this time. */
  readonly timeoutMs: number;
  /** The program is killed when it aborts. */
  readonly signal: AbortSignal;
}

/** Runs a program of the user's with an input and an environment of its own. Throws the reason of the signal. */
export type RunIsolated = (call: IsolatedCall) => Promise<ProgramResult>;
