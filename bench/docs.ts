/** `deno task bench --docs [NAME…]`: writes tables and charts to docs/performance.md. */

import { renderChart } from "./chart.ts";
import { type Figures, renderMarkdownTable } from "./figures.ts";

const PAGE = new URL("../docs/performance.md", import.meta.url);
const LINE_WIDTH = 120;
const CHARTS = new URL("../docs/charts/", import.meta.url);

/** Replaces the section between the bench's two comments. */
export async function writeFigures(name: string, figures: Figures): Promise<void> {
  await Deno.mkdir(CHARTS, { recursive: true });
  for (const chart of figures.charts) {
    await Deno.writeTextFile(new URL(`${chart.name}.svg`, CHARTS), renderChart(chart));
  }
  await Deno.writeTextFile(PAGE, withSection(await Deno.readTextFile(PAGE), name, renderSection(name, figures)));
}

export function renderSection(name: string, figures: Figures): string {
  const charts = figures.charts.map(({ name, title }) => `![${title}](charts/${name}.svg)`);
  const method = wrapped(`\`deno task bench ${name}\`. ${figures.method}`);
  return [`## ${figures.title}`, method, renderMarkdownTable(figures), ...charts].join("\n\n");
}

function wrapped(text: string): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = `${lines.at(-1)} ${word}`.trimStart();
    if (line.length > LINE_WIDTH) lines.push(word);
    else lines[lines.length - 1] = line;
  }
  return lines.join("\n");
}

/** Adds the section at the end if the page does not have it. */
export function withSection(page: string, name: string, section: string): string {
  const [begin, end] = [`<!-- bench ${name} -->`, `<!-- end of bench ${name} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  const marked = `${begin}\n\n${section}\n\n${end}`;
  return from === -1 || to === -1
    ? `${page.trimEnd()}\n\n${marked}\n`
    : page.slice(0, from) + marked + page.slice(to + end.length);
}
