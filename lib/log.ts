/** Why this file: one small diary type, so that engines can say what they do without knowing where it is written. */

export const LOG_LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR"] as const;
/** How much a line matters. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What an engine may say aside. Never given a header, a credential or an input's value. */
export interface Log {
  (level: LogLevel, message: string): void;
}

/** Says nothing. */
export const silentLog: Log = () => {};
