import assert from "node:assert/strict";
import { renderChart } from "../../bench/chart.ts";
import { renderSection, withSection } from "../../bench/docs.ts";
import type { Figures } from "../../bench/figures.ts";

const CHART = {
  name: "pace",
  title: 'Requests & delay, "less" < more',
  series: ["requests", "delay"],
  groups: [{ label: "constant", values: [0.9, 0.05] }],
  mark: 1,
};
const FIGURES: Figures = {
  title: "Pace",
  method: "Measured ".repeat(20).trim(),
  columns: ["durations", "ratio"],
  rows: [["constant", "0.92"]],
  charts: [CHART],
  data: {},
  misses: [],
};

Deno.test("a section has the method in lines of 120 columns, an aligned table and its charts", () => {
  const section = renderSection("pace", FIGURES);
  assert.ok(section.split("\n").every((line) => line.length <= 120));
  assert.match(section, /^## Pace\n\n`deno task bench pace`\. Measured/);
  assert.match(section, /\| durations \| ratio \|\n\| -{9} \| -{5} \|\n\| constant {2}\| 0\.92 {2}\|/);
  assert.match(section, /!\[.*\]\(charts\/pace\.svg\)$/);
});

Deno.test("withSection() adds a section once and then replaces it", () => {
  const first = withSection("# Performance\n", "pace", "one");
  assert.equal(first, "# Performance\n\n<!-- bench pace -->\n\none\n\n<!-- end of bench pace -->\n");
  const both = withSection(first, "logs", "other");
  assert.equal(withSection(both, "pace", "two"), both.replace("one", "two"));
});

Deno.test("renderChart() draws a bar per value, and escapes its text", () => {
  const svg = renderChart(CHART);
  assert.equal(svg.match(/<rect /g)?.length, 4, "two of the legend, two bars");
  assert.ok(svg.includes("Requests &amp; delay") && !svg.includes("< more"));
  assert.ok(svg.includes(">0.05</text>"));
});
