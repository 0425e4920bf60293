/** A fault to plant in a copy of the checkout. */
export interface Fault {
  /** States what the program then does wrong. */
  readonly name: string;
  /** Relative to the checkout. */
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** The test files and folders that should notice it: small ones first, because the first failure ends it. */
  readonly tests: readonly string[];
}

/** @throws Error when the place of the fault is gone or not unique. */
export function planted({ name, file, find, replace }: Fault, text: string): string {
  const parts = text.split(find);
  if (parts.length !== 2) {
    throw new Error(`Cannot plant "${name}": ${file} contains its place ${parts.length - 1} times:\n${find}`);
  }
  if (find === replace) throw new Error(`Cannot plant "${name}": it changes nothing`);
  return parts.join(replace);
}
