// The only file that names this package: reading cron expressions, and finding their instants; its timers stay unused.
// Known oddities, kept out of the house by `schedules/slots.ts` and `schedules/define.ts`:
// - It follows Vixie cron over a change of clocks, not the specification that it otherwise keeps (OCPS 1.4, 4.3.1). By
//   default a list of hours counts as an interval, whose times are lost in a gap and doubled in a repeated hour:
//   `fixedTimeRule: "no-wildcard"` holds lists and ranges to once a day, like single values.
// - It takes `@daily`, ISO dates and, but for `mode: "5-part"`, seconds and years too: a count of fields refuses them all.
// - It takes zones like `+02:00` and `EST`, as Intl does; a zone is looked at only when the first instant is asked for.
// - Finding one instant takes some 60 microseconds, however near: nobody walks a year of minutes in a tick.
export { Cron } from "npm:croner@11.0.1";
