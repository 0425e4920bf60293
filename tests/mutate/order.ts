/** Which tests are likely to notice a fault in a file: they run first. */

import { importGraph, sourceFiles } from "../support/import_graph.ts";

/** The test files at a path, those that import the file most directly first; all others come last. */
export type TestOrder = (path: string, file: string) => readonly string[];

/** Of a test that does not import the file, but may start a program that does. */
const MAX_DISTANCE = 1_000;

export async function testOrder(root: URL): Promise<TestOrder> {
  const tests = (await sourceFiles(root, "tests/")).filter((path) => path.endsWith("_test.ts"));
  const { edges } = await importGraph(root, tests);
  const importers = Map.groupBy(edges, ({ to }) => to);
  const importersOf = (file: string) => (importers.get(file) ?? []).map(({ from }) => from);
  return (path, file) => {
    const distances = distancesFrom(file, importersOf);
    return tests.filter((test) => test === path || test.startsWith(`${path}/`))
      .sort((one, other) => (distances.get(one) ?? MAX_DISTANCE) - (distances.get(other) ?? MAX_DISTANCE));
  };
}

function distancesFrom(file: string, importersOf: (file: string) => readonly string[]): ReadonlyMap<string, number> {
  const distances = new Map([[file, 0]]);
  // A map is visited in the order of insertion, including what is inserted meanwhile: nearest first.
  for (const [module, distance] of distances) {
    for (const importer of importersOf(module)) {
      if (!distances.has(importer)) distances.set(importer, distance + 1);
    }
  }
  return distances;
}
