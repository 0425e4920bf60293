/** What several tables show alike. */

import type { Style } from "../terminal/style.ts";

/** An instant: `2026-01-05 09:00:42`, in UTC. */
export function formatUtc(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 19).replace("T", " ");
}

/** A time of the platform; unchanged if it cannot be parsed. */
export function formatPlatformTime(text: string): string {
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? text : formatUtc(atMs);
}

/** Paints a status by its first word. */
export function paintStatus(text: string, style: Style): string {
  switch (/^\w*/.exec(text)?.[0]) {
    case "completed":
      return style.green(text);
    case "failed":
    case "rejected":
      return style.red(text);
    case "running":
      return style.cyan(text);
    default:
      return style.yellow(text);
  }
}
