/** Draws a chart as SVG, readable on light and dark pages. */

import type { Chart } from "./figures.ts";

const WIDTH = 720;
const LEFT = 190;
const RIGHT = 60;
const TOP = 62;
const BAR = 14;
const GAP = 16;
const COLORS = ["#2f6fb0", "#e08a1e", "#4c9a5b"] as const;

export function renderChart({ title, series, groups, mark }: Chart): string {
  const groupHeight = series.length * BAR + GAP;
  const height = TOP + groups.length * groupHeight + 10;
  const most = Math.max(mark, ...groups.flatMap(({ values }) => values));
  const x = (value: number) => LEFT + (WIDTH - LEFT - RIGHT) * value / most;
  const legend = series.map((name, index) => {
    const at = LEFT + index * 190;
    return `<rect x="${at}" y="36" width="10" height="10" fill="${colorOf(index)}"/>` + text(at + 16, 45, name);
  });
  const bars = groups.flatMap(({ label, values }, group) => {
    const top = TOP + group * groupHeight;
    return [
      text(LEFT - 10, top + values.length * BAR / 2 + 4, label, "end"),
      ...values.flatMap((value, index) => {
        const y = top + index * BAR;
        const width = Math.max(1, x(value) - LEFT).toFixed(1);
        return [
          `<rect x="${LEFT}" y="${y}" width="${width}" height="${BAR - 2}" fill="${colorOf(index)}"/>`,
          text(x(value) + 5, y + BAR - 4, formatValue(value)),
        ];
      }),
    ];
  });
  const marked = x(mark).toFixed(1);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${
      escapeXml(title)
    }">`,
    "<style>text{font:12px sans-serif;fill:#24292f}.title{font-weight:bold;font-size:14px}.mark{stroke:#57606a}" +
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.mark{stroke:#9da7b1}}</style>",
    `<text class="title" x="10" y="22">${escapeXml(title)}</text>`,
    ...legend,
    ...bars,
    `<line class="mark" x1="${marked}" x2="${marked}" y1="${TOP - 6}" y2="${height - 10}" stroke-dasharray="4 3"/>`,
    "</svg>",
    "",
  ].join("\n");
}

function text(x: number, y: number, content: string, anchor = "start"): string {
  return `<text x="${x.toFixed(1)}" y="${y}" text-anchor="${anchor}">${escapeXml(content)}</text>`;
}

function formatValue(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}

function colorOf(index: number): string {
  return COLORS[index % COLORS.length] ?? COLORS[0];
}

function escapeXml(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
