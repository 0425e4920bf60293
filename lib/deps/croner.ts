// The only file that names this package. It parses cron expressions and finds their instants; its timers are not used.
// `scheduler/occurrences.ts` and `scheduler/define.ts` compensate for its quirks:
// - Around clock changes it follows Vixie cron instead of OCPS 1.4, section 4.3.1. By default a list of hours counts as an
//   interval, whose instants are lost in a gap and doubled in a repeated hour: `fixedTimeRule: "no-wildcard"` limits lists
//   and ranges to once a day, like single values.
// - It accepts `@daily`, ISO dates and, without `mode: "5-part"`, seconds and years: counting the fields rejects them.
// - It accepts zones like `+02:00` and `EST`, as Intl does, and reads a zone only when the first instant is requested.
// - Finding one instant takes about 60 microseconds, so a tick never iterates over a year of minutes.
export { Cron } from "npm:croner@11.0.1";
