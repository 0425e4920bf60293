/**
 * Has the engine compile what most starts call, along with its file. Of any other function it first reads only where it
 * ends, and compiles it when it is called: that is slower, and such a function is in no code cache that Deno keeps of a file.
 */

import { basename } from "node:path";
import { type AnyNode, parse } from "../../tests/deps/acorn.ts";
import { OTHER_STARTS, runStarts, STARTS } from "./starts.ts";

/** What is read of a file that `deno run --coverage` writes. Offsets are places in the code. */
interface ScriptCoverage {
  readonly url: string;
  readonly functions: readonly {
    readonly ranges: readonly { readonly startOffset: number; readonly count: number }[];
  }[];
}

/**
 * Puts function expressions in parentheses, which engines take as a sign that they are called soon. Top-level declarations
 * become such expressions before everything else, as they may be called before their place.
 *
 * @param called Where the functions that are called start.
 */
export function compileEagerly(code: string, called: ReadonlySet<number>): string {
  const { body } = parse(code, { ecmaVersion: "latest", sourceType: "module" });
  const expressions = nodesIn(body).filter(({ type, start }) =>
    // A method starts with its parameters, and can't be put in parentheses.
    called.has(start) && (type === "ArrowFunctionExpression" || type === "FunctionExpression" && code[start] !== "(")
  );
  const parentheses = expressions.flatMap(({ start, end }) => [{ at: start, text: "(" }, { at: end, text: ")" }])
    .sort((a, b) => a.at - b.at);
  let next = 0;
  const render = (from: number, to: number) => {
    let [text, at] = ["", from];
    for (let one; (one = parentheses[next]) !== undefined && one.at <= to; next++) {
      text += code.slice(at, one.at) + one.text;
      at = one.at;
    }
    return text + code.slice(at, to);
  };
  const statements = body.map((node) => {
    if (node.type !== "FunctionDeclaration" || !called.has(node.start)) return render(node.start, node.end);
    const { start, id, end } = node;
    // Without its name, which could not be assigned to inside of an expression.
    return { hoisted: `var ${id.name}=(${code.slice(start, id.start)}${render(id.end, end)});` };
  });
  const hoisted = statements.flatMap((statement) => typeof statement === "string" ? [] : [statement.hoisted]);
  return [...hoisted, ...statements.filter((statement) => typeof statement === "string")].join("\n");
}

/** All nodes of a syntax tree. */
export function nodesIn(value: unknown): AnyNode[] {
  if (typeof value !== "object" || value === null) return [];
  const inner = Object.values(value).flatMap(nodesIn);
  return isNode(value) ? [value, ...inner] : inner;
}

function isNode(value: object): value is AnyNode {
  return "type" in value;
}

/** A bundled program. */
interface Bundled {
  readonly deno: string;
  /** For other files. */
  readonly folder: string;
  /** Path of its main module. */
  readonly entry: string;
}

/**
 * Rewrites the files that {@link STARTS} load: the program in `entry`, and what it imports.
 *
 * @returns The names of the files that each of them loads, and then each of {@link OTHER_STARTS}.
 */
export async function compileStartsEagerly(bundled: Bundled): Promise<readonly ReadonlySet<string>[]> {
  const starts = await callsOfStarts(bundled);
  const calls = starts.slice(0, STARTS.length).flatMap((start) => [...start]);
  for (const [url, ofUrl] of Map.groupBy(calls, ([url]) => url)) {
    const [file, called] = [new URL(url), new Set(ofUrl.flatMap(([, places]) => places))];
    await Deno.writeTextFile(file, compileEagerly(await Deno.readTextFile(file), called));
  }
  return starts.map((start) => new Set([...start.keys()].map((url) => basename(url))));
}

/** Where the functions that each start calls start, by the URLs of the files that it loads. */
async function callsOfStarts({ deno, folder, entry }: Bundled): Promise<readonly ReadonlyMap<string, number[]>[]> {
  return await runStarts(folder, [...STARTS, ...OTHER_STARTS], async () => {
    const coverage = await Deno.makeTempDir({ dir: folder });
    const args = ["run", "-A", "--no-config", "--no-prompt", `--coverage=${coverage}`, entry];
    return { start: { program: deno, args }, result: () => callsIn(coverage) };
  });
}

async function callsIn(coverage: string): Promise<ReadonlyMap<string, number[]>> {
  const calls = new Map<string, number[]>();
  for await (const { name } of Deno.readDir(coverage)) {
    const { url, functions }: ScriptCoverage = JSON.parse(await Deno.readTextFile(`${coverage}/${name}`));
    const places = functions.flatMap(({ ranges: [range] }) =>
      range !== undefined && range.count > 0 ? range.startOffset : []
    );
    calls.set(url, places);
  }
  return calls;
}
