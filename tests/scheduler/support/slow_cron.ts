/** Finds occurrences by converting every minute of a window to local time. Shares nothing with the library. */

export interface SlowTiming {
  /** Five fields, each `*` or a list of numbers, ranges and steps. */
  readonly cron: string;
  readonly timeZone: string;
}

const MINUTE_MS = 60_000;
/** No clock change affects more than this. */
const AROUND_MS = 26 * 60 * MINUTE_MS;
const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/** Instants in `(afterMs, toMs]`, both whole minutes. */
export function slowOccurrences({ cron, timeZone }: SlowTiming, afterMs: number, toMs: number): number[] {
  const [minute = "", hour = "", day = "", month = "", weekday = ""] = cron.split(" ");
  const localTime = localTimeOf(timeZone);
  const fits = (local: Local) =>
    isIn(minute, local.minute, 0) && isIn(hour, local.hour, 0) && isIn(month, local.month, 1) && isDay(local);
  const isDay = (local: Local) => {
    const isDate = isIn(day, local.day, 1);
    const isWeekday = isIn(weekday, local.weekday, 0) || (local.weekday === 0 && isIn(weekday, 7, 0));
    if (day === "*") return isWeekday;
    return weekday === "*" ? isDate : isDate || isWeekday;
  };
  const isFixed = !/[*/]/.test(minute + hour);
  const occurrences = new Set<number>();
  const seen = new Set<number>();
  let before: Local | undefined;
  for (let atMs = afterMs - AROUND_MS; atMs <= toMs; atMs += MINUTE_MS) {
    const local = localTime(atMs);
    // Times that the clock change just skipped, if it stayed on the same day.
    const isLeap = before !== undefined && local.wallMs > before.wallMs + MINUTE_MS;
    if (isFixed && before !== undefined && isLeap) {
      for (let wallMs = before.wallMs + MINUTE_MS; wallMs < local.wallMs; wallMs += MINUTE_MS) {
        const skipped = fromWall(wallMs);
        if (fits(skipped) && skipped.day === local.day) occurrences.add(atMs);
      }
    }
    if (fits(local) && !(isFixed && seen.has(local.wallMs))) occurrences.add(atMs);
    seen.add(local.wallMs);
    before = local;
  }
  return [...occurrences].filter((atMs) => atMs > afterMs).sort((a, b) => a - b);
}

interface Local {
  /** The local time as if it were UTC. */
  readonly wallMs: number;
  readonly minute: number;
  readonly hour: number;
  readonly day: number;
  readonly month: number;
  readonly weekday: number;
}

function localTimeOf(timeZone: string): (atMs: number) => Local {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    weekday: "short",
  });
  return (atMs) => {
    const parts = Object.fromEntries(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
    const [year, month, day, hour, minute] = [parts.year, parts.month, parts.day, parts.hour, parts.minute].map(Number);
    const wallMs = Date.UTC(year ?? 0, (month ?? 0) - 1, day, hour, minute);
    return { ...fromWall(wallMs), weekday: WEEKDAYS.indexOf(parts.weekday ?? "") };
  };
}

function fromWall(wallMs: number): Local {
  const date = new Date(wallMs);
  return {
    wallMs,
    minute: date.getUTCMinutes(),
    hour: date.getUTCHours(),
    day: date.getUTCDate(),
    month: date.getUTCMonth() + 1,
    weekday: date.getUTCDay(),
  };
}

function isIn(field: string, value: number, first: number): boolean {
  return field.split(",").some((part) => {
    const [range = "", step = "1"] = part.split("/");
    const [from = "", to = from] = range.split("-");
    const [low, high] = range === "*" ? [first, Infinity] : [Number(from), Number(to)];
    return value >= low && value <= high && (value - low) % Number(step) === 0;
  });
}
