/**
 * The files of a binary. A start loads its main module, and scripts, each of which is kept with its code cache: what the
 * engine has compiled of it. Of the rest each part is a module of its own.
 */

import { entryOf, mainModule, objectOf, type Part, type Program, tableOf } from "./link.ts";
import { STARTS } from "./starts.ts";

/** In the folder of the other files. Exports the function that returns the parts of a script, and {@link SCRIPTS}. */
export const SCRIPTS_MODULE = "scripts.js";

/** The scripts that ran, by their numbers. */
export const SCRIPTS = "scripts";

/** The name of a script, which is no module. Also for generated code, with an expression in place of the number. */
export const codeOf = (script: number | "${number}") => `script-${script}.txt`;

/** The name of its code cache. One that is empty, or from another engine, is ignored: then the script is compiled. */
export const cacheOf = (script: number | "${number}") => `script-${script}.cache`;

const SCRIPTS_CODE = `import{Script}from"node:vm";
const here=(name)=>new URL("./"+name,import.meta.url),done=[];
export const ${SCRIPTS}=[];
export function partsOf(number){if(!done[number]){const filename=\`${codeOf("${number}")}\`;` +
  `const cachedData=Deno.readFileSync(here(\`${cacheOf("${number}")}\`));
const script=new Script(Deno.readTextFileSync(here(filename)),{filename,cachedData});
${SCRIPTS}[number]=script;done[number]=script.runInThisContext()}return done[number]}
`;

export interface BinaryFiles {
  /** By their names; the main module is `main.js`. */
  readonly texts: ReadonlyMap<string, string>;
  /** How many there are. */
  readonly scripts: number;
}

/** Parts that the same {@link STARTS} load are in one script. */
export function filesOfBinary({ main, parts, modules, loaded }: Program): BinaryFiles {
  const first = withImports(main.imports, parts);
  const others = [...parts].filter(([name]) => !first.has(name));
  const starts = loaded.slice(0, STARTS.length);
  const groups = Map.groupBy(others, ([name]) => starts.map((names) => names.has(name)).join());
  const cold = groups.get(starts.map(() => false).join()) ?? [];
  const scripts = [...groups.values()].filter((group) => group !== cold);
  const scriptOf = Object.fromEntries(scripts.flatMap((group, index) => group.map(([name]) => [name, index])));
  const load = (name: string) => [name, `()=>import("./${name}")`] as const;
  const fetchPart = `const scriptOf=${JSON.stringify(scriptOf)},cold=${objectOf(cold.map(([name]) => load(name)))};
let scripts;
async function fetchPart(name){if(cold[name])return(await cold[name]()).default;
const{partsOf}=await(scripts??=import("./${SCRIPTS_MODULE}"));return partsOf(scriptOf[name])[name]}`;
  const texts = new Map([
    ["main.js", mainModule(main, first, { fetchPart, modules: new Map([...modules.keys()].map(load)) })],
    [SCRIPTS_MODULE, SCRIPTS_CODE],
    ...modules,
    ...cold.map(([name, part]) => [name, `export default${entryOf(part)};`] as const),
    ...scripts.flatMap((group, index) =>
      [
        [codeOf(index), `(${tableOf(new Map(group))})`],
        [cacheOf(index), ""],
      ] as const
    ),
  ]);
  return { texts, scripts: scripts.length };
}

/** The named parts, and all that they import. */
function withImports(names: readonly string[], parts: ReadonlyMap<string, Part>): ReadonlyMap<string, Part> {
  const found = new Map<string, Part>();
  const add = (name: string) => {
    const part = parts.get(name);
    if (part === undefined || found.has(name)) return;
    found.set(name, part);
    part.imports.forEach(add);
  };
  names.forEach(add);
  return found;
}
