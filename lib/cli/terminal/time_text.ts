/** Instants as text: local time with its zone, or an age in lists. JSON has RFC 3339 in UTC instead. */

/** `2026-01-05 09:00:42 CST`. Without a time zone, that of this machine. */
export function formatTime(atMs: number, timeZone?: string): string {
  const { date, time, zone } = partsOf(atMs, timeZone);
  return `${date} ${time} ${zone}`;
}

/** {@link formatTime} for a time of the platform; unchanged if it cannot be parsed. */
export function formatPlatformTime(text: string, timeZone?: string): string {
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? text : formatTime(atMs, timeZone);
}

/** `21:59 CST`, with the date if it is another day than `nowMs`. */
export function formatClock(atMs: number, nowMs: number, timeZone?: string): string {
  const { date, time, zone } = partsOf(atMs, timeZone);
  const day = date === partsOf(nowMs, timeZone).date ? "" : `${date} `;
  return `${day}${time.slice(0, 5)} ${zone}`;
}

/** `Sun 2026-03-29 03:00 +02:00`, in a time zone of a schedule. */
export function formatScheduled(atMs: number, timeZone: string): string {
  const { weekday, date, time, zone } = partsOf(atMs, timeZone, "longOffset");
  return `${weekday} ${date} ${time.slice(0, 5)} ${zone.replace("GMT", "") || "+00:00"}`;
}

const AGE_UNITS = [["d", 86_400_000], ["h", 3_600_000], ["m", 60_000]] as const;

/** `42s`, `5m`, `3h` or `12d`. An instant in the future, as clocks differ, has the age `0s`. */
export function formatAge(atMs: number, nowMs: number): string {
  const ageMs = Math.max(0, nowMs - atMs);
  const [unit, unitMs] = AGE_UNITS.find(([, ms]) => ageMs >= ms) ?? ["s", 1_000];
  return `${Math.floor(ageMs / unitMs)}${unit}`;
}

function partsOf(atMs: number, timeZone: string | undefined, timeZoneName: "short" | "longOffset" = "short") {
  const format = new Intl.DateTimeFormat("en-US", {
    ...{ weekday: "short", year: "numeric", month: "2-digit", day: "2-digit" },
    ...{ hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZoneName },
    timeZone,
  });
  const { weekday, year, month, day, hour, minute, second, timeZoneName: zone = "" } = Object.fromEntries(
    format.formatToParts(atMs).map(({ type, value }) => [type, value]),
  );
  return { weekday, date: `${year}-${month}-${day}`, time: `${hour}:${minute}:${second}`, zone };
}
