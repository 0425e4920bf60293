import { UsageError } from "./errors.ts";

const UNIT_MS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;
/** A century: anything longer is a typing error, and would exceed the range of `Date`. */
const MAX_DURATION_MS = 36_525 * UNIT_MS.d;

/**
 * Reads `90` (seconds), `90s`, `1.5h`, `2h`, `1h30m`, `500ms`.
 *
 * @returns Milliseconds, zero or more.
 * @throws UsageError for anything else.
 */
export function parseDuration(text: string): number {
  const normalized = text.trim().toLowerCase().replace(/^\d+(\.\d+)?$/, "$&s");
  const parts = /^(?:([\d.]+)d)?(?:([\d.]+)h)?(?:([\d.]+)m)?(?:([\d.]+)s)?(?:([\d.]+)ms)?$/.exec(normalized);
  const counts = parts?.slice(1) ?? [];
  const units = [UNIT_MS.d, UNIT_MS.h, UNIT_MS.m, UNIT_MS.s, UNIT_MS.ms];
  const durationMs = units.reduce((sum, unitMs, index) => sum + Number(counts[index] ?? 0) * unitMs, 0);
  if (normalized === "" || parts === null || Number.isNaN(durationMs)) {
    throw new UsageError(`not a duration: "${text}"`, { hint: "Write it like 90s, 30m, 2h, 1h30m or 7d" });
  }
  if (durationMs > MAX_DURATION_MS) {
    throw new UsageError(`duration too long: "${text}"`, { hint: "The maximum is 36525d" });
  }
  return Math.round(durationMs);
}

/** `0s`, `42s`, `3m 05s`, `2h 10m`, `3d 4h`: at most two units. */
export function formatDuration(durationMs: number): string {
  const seconds = Math.max(0, Math.floor(durationMs / 1000));
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m ${String(seconds % 60).padStart(2, "0")}s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours}h ${String(minutes % 60).padStart(2, "0")}m`;
  return `${Math.floor(hours / 24)}d ${hours % 24}h`;
}

/** {@link formatDuration} of what took this long; empty if that is not known. */
export function formatSeconds(seconds: number | null | undefined): string {
  return seconds === null || seconds === undefined ? "" : formatDuration(seconds * 1_000);
}

/** As it would be written, for a limit, and what is compared with one: `0.5s`, `1h`, `2h 00m 30s`. */
export function formatExactDuration(durationMs: number): string {
  const exactMs = Math.max(0, Math.round(durationMs));
  const unitMs = exactMs < UNIT_MS.h ? UNIT_MS.s : exactMs < 2 * UNIT_MS.d ? UNIT_MS.m : UNIT_MS.h;
  const [shown, restMs] = [formatDuration(exactMs), exactMs % unitMs];
  if (restMs === 0) return shown.replace(/ 0+[hms]$/, "");
  return unitMs === UNIT_MS.s
    ? shown.replace("s", `${String(restMs / 1_000).slice(1)}s`)
    : `${shown} ${formatExactDuration(restMs)}`;
}

/** Of a delay that begins now, in whole seconds, rounded up. */
export function formatDelay(delayMs: number): string {
  return formatDuration(Math.ceil(delayMs / 1_000) * 1_000);
}
