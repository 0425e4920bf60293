/** One thing wrong with what the user gave. */
export interface Problem {
  /** Where it came from, like `inputs/base.json:12` or `-i #2`; empty when it came from nowhere. */
  readonly origin: string;
  /** Like `cases[2].inputs.count`. */
  readonly path: string;
  /** What is wrong, in words. */
  readonly message: string;
}
