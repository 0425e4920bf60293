/**
 * Links the files of a bundle: each becomes a function, which is called with what the file imports. Functions can be in one
 * script whose compiled code is kept with it, or in a text that is compressed, and a start loads no module for each of them.
 */

import { type AnyNode, type Identifier, type Literal, parse } from "../../tests/deps/acorn.ts";
import { nodesIn } from "./eager.ts";

/** A file of a bundle. */
export interface Part {
  /** The names of the files and of the runtime's modules that it imports, in this order. */
  readonly imports: readonly string[];
  /** An expression: a function of the exports of {@link imports}, and of what loads others. Returns the exports. */
  readonly code: string;
}

/** What the linked files call; the bundler's names are shorter. */
const [IMPORTED, LOAD, IMPORT, META] = ["__imported", "__load", "__import", "__meta"];

/**
 * The module that starts the program; {@link Loader} says how it gets the parts. A part is run once, after those that it
 * imports, as a module is.
 */
const RUNTIME = `const loaded=new Map,arriving=new Map;
function use(name){let exports=loaded.get(name);if(exports===undefined){let[imports,run]=parts[name];` +
  `loaded.set(name,exports=run(imports.map(use),load,(name)=>import(name),import.meta))}return exports}
function arrive(name){let part=arriving.get(name);if(part===undefined)arriving.set(name,part=provide(name));return part}
async function provide(name){if(name.startsWith("node:")){loaded.set(name,await import(name));return}
parts[name]??=await fetchPart(name);await Promise.all(parts[name][0].map(arrive))}
async function load(name){let module=modules[name];if(module)return module();await arrive(name);return use(name)}`;

/** The files of a program. */
export interface Program {
  readonly main: Part;
  /** The others, by their names. */
  readonly parts: ReadonlyMap<string, Part>;
  /** Code of modules that are not linked, by the names of their files. */
  readonly modules: ReadonlyMap<string, string>;
  /** The names of the files that each of `STARTS` loads, and then each of `OTHER_STARTS`. */
  readonly loaded: readonly ReadonlySet<string>[];
}

/** JavaScript of the module that starts the program. */
export interface Loader {
  /** Statements that declare `async function fetchPart(name)`, which returns one of the parts that are not in the module. */
  readonly fetchPart: string;
  /** Functions that return modules, by the names of files that are not linked. */
  readonly modules: ReadonlyMap<string, string>;
}

/** @param parts Those that are in the module, by the names of their files. */
export function mainModule(main: Part, parts: ReadonlyMap<string, Part>, { fetchPart, modules }: Loader): string {
  return `const parts=${tableOf(parts)},modules=${objectOf(modules)};
${RUNTIME}
${fetchPart}
await Promise.all(${JSON.stringify(main.imports)}.map(arrive));
await ${main.code}(${JSON.stringify(main.imports)}.map(use),load,(name)=>import(name),import.meta);
`;
}

/** An expression: parts by the names of their files, as the functions of {@link Loader} return them. */
export function tableOf(parts: ReadonlyMap<string, Part>): string {
  return objectOf([...parts].map(([name, part]) => [name, entryOf(part)]));
}

/** An expression: an object with these properties, whose values are expressions. */
export function objectOf(properties: Iterable<readonly [string, string]>): string {
  return `{${Array.from(properties, ([name, value]) => `${JSON.stringify(name)}:${value}`).join(",\n")}}`;
}

/** An expression: one value of {@link tableOf}. */
export function entryOf({ imports, code }: Part): string {
  return `[${JSON.stringify(imports)},${code}]`;
}

/** @throws Error if two parts import each other: neither could be run first. */
export function assertAcyclic(parts: ReadonlyMap<string, Part>): void {
  const [done, open] = [new Set<string>(), new Set<string>()];
  const visit = (name: string) => {
    if (done.has(name)) return;
    if (open.has(name)) throw new Error(`Cannot link ${name}: it imports itself, by way of others`);
    open.add(name);
    for (const next of parts.get(name)?.imports ?? []) visit(next);
    done.add(name);
  };
  for (const name of parts.keys()) visit(name);
}

/**
 * @param modifier Of the function: that of a main module may await at its top level.
 * @throws Error if the file cannot become a function: it imports what is in no file, or an export changes.
 */
export function partOf(code: string, modifier: "" | "async " = ""): Part {
  const { body } = parse(code, { ecmaVersion: "latest", sourceType: "module" });
  const imports = body.filter((node) => node.type === "ImportDeclaration");
  const exports = body.flatMap((node) => {
    if (!node.type.startsWith("Export")) return [];
    const isList = node.type === "ExportNamedDeclaration" && !node.declaration && !node.source;
    return isList ? node.specifiers : fail("Cannot link a file with exports that are not in a list");
  });
  assertConstant(body, exports.map(({ local }) => nameOf(local)));
  const received = imports.map(({ source, specifiers }, index) => {
    const names = specifiers.map((specifier) => {
      if (specifier.type !== "ImportSpecifier") {
        throw new Error(`Cannot link ${source.value}: it is not imported by names`);
      }
      return `${nameOf(specifier.imported)}:${specifier.local.name}`;
    });
    return names.length === 0 ? "" : `const{${names.join()}}=${IMPORTED}[${index}];`;
  });
  const returned = exports.map(({ exported, local }) => `${nameOf(exported)}:${nameOf(local)}`);
  return {
    imports: imports.map(({ source }) =>
      moduleOf(source.value) ?? fail(`Cannot link ${source.value}: it is in no file`)
    ),
    code: asFunction(
      `(${modifier}function(${IMPORTED},${LOAD},${IMPORT},${META}){"use strict";${received.join("")}` +
        `${withoutModules(code, body)}\nreturn{${returned.join()}}})`,
    ),
  };
}

/** Most of this code is parsed only by the starts that load it: what no function may have is to be noticed before. */
function asFunction(code: string): string {
  try {
    parse(code, { ecmaVersion: "latest" });
  } catch (error) {
    throw new Error(`Cannot link a file: it cannot become a function, like one with await at its top level (${error})`);
  }
  return code;
}

/** The code without imports and exports; what it imports dynamically is loaded by functions. */
function withoutModules(code: string, body: readonly AnyNode[]): string {
  const edits = nodesIn(body).flatMap((node) => {
    const { type, start, end } = node;
    if (type === "ImportDeclaration" || type === "ExportNamedDeclaration") return { start, end, text: "" };
    if (type === "MetaProperty" && code.startsWith("import", start)) return { start, end, text: META };
    if (type !== "ImportExpression") return [];
    const file = node.source.type === "Literal" ? fileOf(node.source.value) : undefined;
    if (file === undefined) return { start, end: start + "import".length, text: IMPORT };
    return { start, end, text: `${LOAD}(${JSON.stringify(file)})` };
  });
  return edits.sort((a, b) => b.start - a.start)
    .reduce((text, { start, end, text: replacement }) => text.slice(0, start) + replacement + text.slice(end), code);
}

/** Exports are passed as values: one that is set or changed later would not be seen by others. */
function assertConstant(body: readonly AnyNode[], exported: readonly string[]): void {
  const unset = body.flatMap((node) => node.type === "VariableDeclaration" ? node.declarations : [])
    .flatMap(({ id, init }) => id.type === "Identifier" && !init ? id.name : []);
  const changed = nodesIn(body).flatMap((node) => {
    const target = node.type === "AssignmentExpression"
      ? node.left
      : node.type === "UpdateExpression"
      ? node.argument
      : undefined;
    return target?.type === "Identifier" ? target.name : [];
  });
  const variable = exported.find((name) => unset.includes(name) || changed.includes(name));
  if (variable !== undefined) throw new Error(`Cannot link a file whose export ${variable} is set later`);
}

/** The name of a bundled file, or of a module of the runtime, from the specifier of its import. */
function moduleOf(specifier: unknown): string | undefined {
  const text = String(specifier);
  return text.startsWith("node:") ? text : fileOf(text);
}

/** The name of a bundled file from the specifier of its import; `undefined` if it is no file of the bundle. */
function fileOf(specifier: unknown): string | undefined {
  const text = String(specifier);
  return text.startsWith("./") ? text.slice(2) : undefined;
}

function nameOf(node: Identifier | Literal): string {
  return node.type === "Identifier" ? node.name : String(node.value);
}

function fail(message: string): never {
  throw new Error(message);
}
