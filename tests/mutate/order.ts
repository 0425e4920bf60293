/** Which tests are likely to notice a fault in a file: they run first. */

import { importGraph, sourceFiles } from "../support/import_graph.ts";

export interface TestOrder {
  /** The test files at a path, those that import the file most directly first; all others come last. */
  (path: string, file: string): readonly string[];
  /** The test files at none of the paths that import the file most directly. */
  elsewhere(file: string, paths: readonly string[]): readonly string[];
}

/** More would take too long: most of them import the file through much else. */
const MAX_ELSEWHERE = 12;

/** Of a test that does not import the file, but may start a program that does. */
const MAX_DISTANCE = 1_000;

export async function testOrder(root: URL): Promise<TestOrder> {
  const tests = (await sourceFiles(root, "tests/")).filter((path) => path.endsWith("_test.ts"));
  const { edges } = await importGraph(root, tests);
  const importers = Map.groupBy(edges, ({ to }) => to);
  const importersOf = (file: string) => (importers.get(file) ?? []).map(({ from }) => from);
  const isAt = (test: string, path: string) => test === path || test.startsWith(`${path}/`);
  const nearestFirst = (file: string, chosen: readonly string[]) => {
    const distances = distancesFrom(file, importersOf);
    const distanceOf = (test: string) => distances.get(test) ?? MAX_DISTANCE;
    return { distanceOf, tests: chosen.toSorted((one, other) => distanceOf(one) - distanceOf(other)) };
  };
  return Object.assign(
    (path: string, file: string) => nearestFirst(file, tests.filter((test) => isAt(test, path))).tests,
    {
      elsewhere(file: string, paths: readonly string[]) {
        const others = nearestFirst(file, tests.filter((test) => !paths.some((path) => isAt(test, path))));
        return others.tests.filter((test) => others.distanceOf(test) < MAX_DISTANCE).slice(0, MAX_ELSEWHERE);
      },
    },
  );
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
