import type { Fault } from "../fault.ts";

/** Name, text in the file, and its replacement. */
export type FaultRow = readonly [name: string, find: string, replace: string];

export function inFile(file: string, tests: readonly string[], rows: readonly FaultRow[]): Fault[] {
  return rows.map(([name, find, replace]) => ({ name, file, find, replace, tests }));
}
