import type { Fault } from "./fault.ts";
export const NAMED_FAULTS: readonly Fault[] = [];
