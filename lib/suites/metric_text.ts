import type { ReportMetric } from "../reports/report.ts";

/** The value as it is compared with others in a message. */
export function metricText({ value, unit }: Pick<ReportMetric, "value" | "unit">): string {
  return value === null ? "no such number" : `${numberText(value)}${unit === null ? "" : ` ${unit}`}`;
}

/** Without the digits that only arithmetic adds. */
export function numberText(value: number): string {
  return String(Number(value.toPrecision(12)));
}
