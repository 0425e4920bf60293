/**
 * `deno task bench <name>`: prints the measurements; `all` means those with a table in the documentation, `--json`
 * prints their numbers, and `--docs` writes tables and charts. Exits with 1 when a goal is missed.
 */

import { writeFigures } from "./docs.ts";
import { type Figures, renderFigures } from "./figures.ts";

type Bench = (print: (line: string) => void, args: readonly string[]) => Promise<number>;

const BENCHES: Readonly<Record<string, Bench>> = {
  start: async (print) => await (await import("./start.ts")).benchStart(print),
  binary: async (print) => await (await import("./binary.ts")).benchBinary(print),
  cloud: async (print) => await (await import("./cloud.ts")).benchCloud(print),
  history: async (print) => await (await import("./history.ts")).benchHistory(print),
  scale: async (print, args) => await (await import("./scale.ts")).benchScale(print, args),
  suite: async (print) => await (await import("./suite.ts")).benchSuite(print),
  inputs: async (print) => await (await import("./inputs.ts")).benchInputs(print),
};

/** Each has a section in docs/performance.md. */
const FIGURES: Readonly<Record<string, () => Promise<Figures>>> = {
  many: async () => await (await import("./many.ts")).measureMany(),
  pace: async () => await (await import("./pace/pace.ts")).measurePace(),
  logs: async () => await (await import("./logs/logs.ts")).measureLogs(),
};

async function benchFigures(names: readonly string[], options: readonly string[]): Promise<number> {
  const found: Record<string, Figures> = {};
  for (const name of names) {
    const figures = await FIGURES[name]?.();
    if (figures === undefined) continue;
    found[name] = figures;
    if (!options.includes("--json")) console.log(renderFigures(figures));
    if (options.includes("--docs")) await writeFigures(name, figures);
  }
  if (options.includes("--json")) {
    const documents = Object.entries(found).map(([name, { data, misses }]) => [name, { data, misses }]);
    console.log(JSON.stringify(Object.fromEntries(documents), null, 2));
  }
  return Object.values(found).some(({ misses }) => misses.length > 0) ? 1 : 0;
}

if (import.meta.main) {
  const options: readonly string[] = Deno.args.filter((arg) => arg === "--json" || arg === "--docs");
  const [name = options.includes("--docs") ? "all" : "", ...args] = Deno.args.filter((arg) => !options.includes(arg));
  if (name === "all" || name in FIGURES) {
    Deno.exit(await benchFigures(name === "all" ? Object.keys(FIGURES) : [name, ...args], options));
  }
  const bench = BENCHES[name];
  if (bench === undefined) {
    console.error(
      `Cannot run the bench "${name}": there are ${
        [...Object.keys(BENCHES), ...Object.keys(FIGURES), "all"].join(", ")
      }`,
    );
    Deno.exit(2);
  }
  Deno.exit(await bench((line) => console.log(line), args));
}
