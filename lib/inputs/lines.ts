/** Which line each value of a text stands on: read in one pass, and only when somebody asks. */

import type { LineCounter, YamlNode } from "../deps/yaml.ts";
import type { Path } from "./path.ts";

/** The lines of a value and of what is inside it, in the value's own shape. */
export interface Lines {
  /** From 1. */
  readonly line: number;
  readonly inside: ReadonlyMap<string | number, Lines> | null;
}

/** The line of the value at a path; `undefined` where there is none. */
export function lineAt(lines: Lines | undefined, path: Path): number | undefined {
  let found = lines;
  for (const segment of path) found = found?.inside?.get(segment);
  return found?.line;
}

/** The lines of a JSON text, with or without comments; `undefined` for an empty one. */
export async function linesOfJson(text: string): Promise<Lines | undefined> {
  const { visit } = await import("../deps/jsonc.ts");
  const open: { readonly inside: Map<string | number, Lines>; readonly isList: boolean; name: string }[] = [];
  let root: Lines | undefined;
  const add = (lines: Lines) => {
    const parent = open.at(-1);
    if (parent === undefined) root ??= lines;
    else parent.inside.set(parent.isList ? parent.inside.size : parent.name, lines);
  };
  const begin = (startLine: number, isList: boolean) => {
    const inside = new Map<string | number, Lines>();
    add({ line: startLine + 1, inside });
    open.push({ inside, isList, name: "" });
  };
  visit(text, {
    onObjectBegin: (_offset, _length, startLine) => begin(startLine, false),
    onArrayBegin: (_offset, _length, startLine) => begin(startLine, true),
    onObjectProperty: (name) => {
      const parent = open.at(-1);
      if (parent !== undefined) parent.name = name;
    },
    onLiteralValue: (_value, _offset, _length, startLine) => add({ line: startLine + 1, inside: null }),
    onObjectEnd: () => void open.pop(),
    onArrayEnd: () => void open.pop(),
  }, { allowTrailingComma: true });
  return root;
}

/** The lines of a YAML document's contents. */
export async function linesOfYaml(contents: YamlNode | null, counter: LineCounter): Promise<Lines | undefined> {
  const { isMap, isNode, isScalar, isSeq } = await import("../deps/yaml.ts");
  const linesOf = (node: YamlNode): Lines => {
    const line = counter.linePos(node.range?.[0] ?? 0).line;
    const inside = new Map<string | number, Lines>();
    if (isMap(node)) {
      for (const { key, value } of node.items) {
        if (isScalar(key)) inside.set(String(key.value), isNode(value) ? linesOf(value) : { line, inside: null });
      }
    } else if (isSeq(node)) {
      for (const [index, item] of node.items.entries()) if (isNode(item)) inside.set(index, linesOf(item));
    } else {
      return { line, inside: null };
    }
    return { line, inside };
  };
  return contents === null ? undefined : linesOf(contents);
}
