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
