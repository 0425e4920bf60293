/** Durations, where the commands know to find them. */

export { formatDuration, parseDuration } from "../duration.ts";
