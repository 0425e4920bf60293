/** Finds the line number of each value in a JSON or YAML text, in one pass. */

import type { LineCounter, YamlNode } from "../deps/yaml.ts";
import type { InputPath } from "./path.ts";

/** The line of a value, and of the values inside it. */
export interface LineMap {
  /** From 1. */
  readonly line: number;
  /** By name or index; `null` for a value that is neither an object nor a list. */
  readonly children: ReadonlyMap<string | number, LineMap> | null;
  /** A number as the text has it, like `1.10`; absent if it prints the same way. */
  readonly written?: string;
}

/** What a message quotes instead of the number. */
function writtenIn(source: string, value: unknown): { readonly written?: string } {
  return typeof value === "number" && source !== String(value) ? { written: source } : {};
}

/** The line of the value at a path; `undefined` if there is none. */
export function lineAt(lines: LineMap | undefined, path: InputPath): number | undefined {
  return linesAt(lines, path)?.line;
}

/** The lines of the value at a path; `undefined` if there is none. */
export function linesAt(lines: LineMap | undefined, path: InputPath): LineMap | undefined {
  let found = lines;
  for (const segment of path) found = found?.children?.get(segment);
  return found;
}

/** The lines of a JSON text, with or without comments. */
export async function linesOfJson(text: string): Promise<LineMap | undefined> {
  const { visit } = await import("../deps/jsonc.ts");
  const root = new Map<string | number, LineMap>();
  const containers: Container[] = [{ children: root, isList: true, name: "" }];
  let leaf: LineMap = { line: 0, children: null };
  const add = (lines: LineMap) => {
    const container = containers.at(-1);
    container?.children.set(container.isList ? container.children.size : container.name, lines);
  };
  const open = (line: number, isList: boolean) => {
    const children = new Map<string | number, LineMap>();
    add({ line, children });
    containers.push({ children, isList, name: "" });
  };
  const close = () => void containers.pop();
  visit(text, {
    onObjectBegin: (_offset, _length, line) => open(line + 1, false),
    onArrayBegin: (_offset, _length, line) => open(line + 1, true),
    onObjectProperty(name) {
      const container = containers.at(-1);
      if (container !== undefined) container.name = name;
    },
    onLiteralValue(value, offset, length, line) {
      if (typeof value === "number") {
        const { written } = writtenIn(text.slice(offset, offset + length), value);
        if (written !== undefined) return add({ line: line + 1, children: null, written });
      }
      // Shared, because there may be very many on one line.
      if (leaf.line !== line + 1) leaf = { line: line + 1, children: null };
      add(leaf);
    },
    onObjectEnd: close,
    onArrayEnd: close,
  }, { allowTrailingComma: true });
  return root.get(0);
}

interface Container {
  readonly children: Map<string | number, LineMap>;
  readonly isList: boolean;
  /** Of the member whose value comes next. */
  name: string;
}

/** The lines of a YAML document's contents. */
export async function linesOfYaml(contents: YamlNode | null, counter: LineCounter): Promise<LineMap | undefined> {
  const { isMap, isNode, isScalar, isSeq } = await import("../deps/yaml.ts");
  const linesOf = (node: YamlNode): LineMap => {
    const line = counter.linePos(node.range?.[0] ?? 0).line;
    const children = new Map<string | number, LineMap>();
    if (isMap(node)) {
      for (const { key, value } of node.items) {
        if (isScalar(key)) children.set(String(key.value), isNode(value) ? linesOf(value) : { line, children: null });
      }
    } else if (isSeq(node)) {
      for (const [index, item] of node.items.entries()) if (isNode(item)) children.set(index, linesOf(item));
    } else {
      return { line, children: null, ...(isScalar(node) ? writtenIn(node.source ?? "", node.value) : {}) };
    }
    return { line, children };
  };
  return contents === null ? undefined : linesOf(contents);
}
