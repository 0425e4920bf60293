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
