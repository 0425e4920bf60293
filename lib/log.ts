import { expected, StorageError } from "./errors.ts";

/** From the least to the most severe. */
export const LOG_LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR"] as const;
/** How severe a log line is. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Writes one log line. The engines never pass a header, a credential or the value of an input. */
export interface Log {
  (level: LogLevel, message: string): void;
}

/** Discards every line. */
export const silentLog: Log = () => {};

/** Lets work go on without the store: logs its error. Throws any other one. */
export function storeFailureTo(log: Log, level: LogLevel = "WARNING"): (error: unknown) => undefined {
  return (error) => void log(level, expected(StorageError)(error).message);
}
