/**
 * Merges the files that common starts load. A bundler makes one of each set of modules that are used together: hundreds,
 * of which a start loads up to ninety, although each costs time.
 */

import { type AnyNode, type Identifier, type Literal, parse } from "../../tests/deps/acorn.ts";
import { nodesIn } from "./eager.ts";

/** Bundles `entry`, a path, into `output`, and leaves the imports of the files called `external` as they are. */
type BundleFile = (entry: string, output: string, external: readonly string[]) => Promise<void>;

/** What a bundled file imports and exports. */
interface Links {
  readonly imports: readonly string[];
  /** With `import()`. */
  readonly dynamicImports: readonly string[];
  readonly exports: readonly string[];
}

type LinksByName = ReadonlyMap<string, Links>;

/**
 * Files that all starts load equally late become one. In their place remain files that export the same, for files that are
 * not merged.
 *
 * @param folder Of the bundled program, whose main module is `main.js`.
 * @param starts Which files each start loads.
 */
export async function mergeFiles(
  folder: string,
  starts: readonly ReadonlySet<string>[],
  bundle: BundleFile,
): Promise<void> {
  const names = (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort();
  const links = new Map(
    await Promise.all(
      names.map(async (name) => [name, linksOf(await Deno.readTextFile(`${folder}/${name}`))] as const),
    ),
  );
  const groups = groupsOf(links, starts);
  const mergedIn = new Map(groups.flatMap((group, index) => group.map((name) => [name, `merged-${index}.js`])));
  for (const [index, group] of groups.entries()) {
    const [entry, output] = [`${folder}/entry.js`, `${folder}/merged-${index}.js`];
    await Deno.writeTextFile(
      entry,
      group.map((name) => reexport(name, links, (exported) => `${exported} as ${prefixed(name, exported)}`)).join("\n"),
    );
    await bundle(entry, output, names.filter((name) => !group.includes(name)).map((name) => `./${name}`));
    await Deno.writeTextFile(output, importMerged(await Deno.readTextFile(output), mergedIn));
    await Deno.remove(entry);
  }
  for (const [name, merged] of mergedIn) {
    const text = reexport(name, links, (exported) => `${prefixed(name, exported)} as ${exported}`, merged);
    await Deno.writeTextFile(`${folder}/${name}`, text);
  }
}

function reexport(
  name: string,
  links: LinksByName,
  rename: (exported: string) => string,
  from: string = name,
): string {
  return `export{${links.get(name)?.exports.map(rename).join()}}from"./${from}";`;
}

/** Files export short names, which others export too. */
function prefixed(file: string, name: string): string {
  return `${file.replace(/\W/g, "_")}_${name}`;
}

function linksOf(code: string): Links {
  const { body } = parse(code, { ecmaVersion: "latest", sourceType: "module" });
  const exports = body.flatMap((node) => node.type === "ExportNamedDeclaration" ? node.specifiers : []);
  return {
    imports: importsIn(body).map(({ source }) => fileOf(source.value)),
    dynamicImports: nodesIn(body).flatMap((node) =>
      node.type === "ImportExpression" && node.source.type === "Literal" ? fileOf(node.source.value) : []
    ),
    exports: exports.map(({ exported }) => nameOf(exported)),
  };
}

/** The groups of files that each start loads after as many dynamic imports. The main module stays as it is, with its imports. */
function groupsOf(links: LinksByName, starts: readonly ReadonlySet<string>[]): string[][] {
  const depths = starts.map((loaded) => depthsOf(links, loaded));
  const groups = Map.groupBy(links.keys(), (name) => depths.map((depth) => depth.get(name)).join());
  return [...groups].filter(([key]) => !key.split(",").includes("0") && /\d/.test(key)).map(([, names]) => names);
}

/** Of each file, after how many dynamic imports it is loaded. */
function depthsOf(links: LinksByName, loaded: ReadonlySet<string>): ReadonlyMap<string, number> {
  const depths = new Map<string, number>();
  const load = (name: string, depth: number): string[] => {
    const link = links.get(name);
    if (link === undefined || depths.has(name)) return [];
    depths.set(name, depth);
    return [
      ...link.dynamicImports.filter((next) => loaded.has(next)),
      ...link.imports.flatMap((next) => load(next, depth)),
    ];
  };
  for (let depth = 0, next = ["main.js"]; next.length > 0; depth++) next = next.flatMap((name) => load(name, depth));
  return depths;
}

/** Imports from the merged files directly, without the files in place of what they were made of. */
function importMerged(code: string, mergedIn: ReadonlyMap<string, string>): string {
  const { body } = parse(code, { ecmaVersion: "latest", sourceType: "module" });
  return importsIn(body).reduceRight((rest, { start, end, source, specifiers }) => {
    const file = fileOf(source.value);
    const merged = mergedIn.get(file);
    if (merged === undefined) return rest;
    const names = specifiers.map((specifier) => {
      if (specifier.type !== "ImportSpecifier") throw new Error(`Cannot merge ${file}: it is not imported by names`);
      return `${prefixed(file, nameOf(specifier.imported))} as ${specifier.local.name}`;
    });
    return `${rest.slice(0, start)}import{${names.join()}}from"./${merged}";${rest.slice(end)}`;
  }, code);
}

function importsIn(body: readonly AnyNode[]) {
  return body.filter((node) => node.type === "ImportDeclaration");
}

/** The name of a bundled file from the specifier of its import. */
function fileOf(specifier: unknown): string {
  return String(specifier).replace(/^\.\//, "");
}

function nameOf(node: Identifier | Literal): string {
  return node.type === "Identifier" ? node.name : String(node.value);
}
