/** An object id like the platform's: 24 hex digits, of which the first eight are the time of creation in seconds. */
export function newId(nowMs: number, random: () => number): string {
  const seconds = Math.floor(nowMs / 1_000).toString(16).padStart(8, "0");
  return seconds.slice(-8) + Array.from({ length: 16 }, () => Math.floor(random() * 16).toString(16)).join("");
}
