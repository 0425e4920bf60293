/** Object ids, as the platform makes them. */

/** 24 hex digits, the first eight of which tell the second they were made in. */
export function newId(nowMs: number, random: () => number): string {
  const seconds = Math.floor(nowMs / 1_000).toString(16).padStart(8, "0");
  return seconds.slice(-8) + Array.from({ length: 16 }, () => Math.floor(random() * 16).toString(16)).join("");
}
