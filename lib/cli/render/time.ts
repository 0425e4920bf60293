/** An instant as in every table: `2026-01-05 09:00:42`, in UTC. */
export function formatUtc(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 19).replace("T", " ");
}

/** The same for a time of the platform, which is shown as it is if it cannot be parsed. */
export function formatPlatformTime(text: string): string {
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? text : formatUtc(atMs);
}
