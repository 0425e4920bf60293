/** Finds the line number of each value in a JSON or YAML text, in one pass. */

import type { LineCounter, YamlNode } from "../deps/yaml.ts";
import type { InputPath } from "./path.ts";

/** The line of a value, and of the values inside it. */
export interface LineMap {
  /** From 1. */
  readonly line: number;
  /** By name or index; `null` for a value that is neither an object nor a list. */
  readonly children: ReadonlyMap<string | number, LineMap> | null;
}

/** The line of the value at a path; `undefined` if there is none. */
export function lineAt(lines: LineMap | undefined, path: InputPath): number | undefined {
  let found = lines;
  for (const segment of path) found = found?.children?.get(segment);
  return found?.line;
}

/**
 * The lines of a text that `JSON.parse` has accepted: scanning it for the starts of values is much faster than parsing it
 * again.
 */
export function linesOfJson(text: string): LineMap | undefined {
  const builder = linesBuilder();
  let line = 1;
  let position = 0;
  while (position < text.length) {
    const code = text.charCodeAt(position);
    switch (code) {
      case NEWLINE:
        line++;
        position++;
        break;
      case QUOTE: {
        const end = endOfText(text, position);
        if (builder.isNameNext()) builder.name(text.slice(position + 1, end - 1));
        else builder.leaf(line);
        position = end;
        break;
      }
      case OPEN_OBJECT:
      case OPEN_LIST:
        builder.open(line, code === OPEN_LIST);
        position++;
        break;
      case CLOSE_OBJECT:
      case CLOSE_LIST:
        builder.close();
        position++;
        break;
      case COMMA:
        builder.next();
        position++;
        break;
      case COLON:
      case SPACE:
      case TAB:
      case RETURN:
        position++;
        break;
      default:
        builder.leaf(line);
        position = endOfLiteral(text, position);
    }
  }
  return builder.root();
}

const TAB = 0x09;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Builds the lines from a parser's events, in the order of the text. */
function linesBuilder() {
  type Container = { readonly children: Map<string | number, LineMap>; readonly isList: boolean; name: string | null };
  const ancestors: Container[] = [];
  let current: Container | undefined;
  let root: LineMap | undefined;
  let leaf: LineMap = { line: 0, children: null };
  const add = (lines: LineMap) => {
    if (current === undefined) root ??= lines;
    else current.children.set(current.isList ? current.children.size : current.name ?? "", lines);
  };
  return {
    root: () => root,
    isNameNext: () => current !== undefined && !current.isList && current.name === null,
    /** @param escaped The text between the quotes. */
    name(escaped: string) {
      if (current === undefined) return;
      current.name = escaped.includes("\\") ? String(JSON.parse(`"${escaped}"`)) : escaped;
    },
    leaf(line: number) {
      if (leaf.line !== line) leaf = { line, children: null };
      add(leaf);
    },
    open(line: number, isList: boolean) {
      const children = new Map<string | number, LineMap>();
      add({ line, children });
      if (current !== undefined) ancestors.push(current);
      current = { children, isList, name: null };
    },
    close() {
      current = ancestors.pop();
    },
    next() {
      if (current !== undefined) current.name = null;
    },
  };
}

/** The position after the closing quote of a string. */
function endOfText(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end === -1 ? text.length : end + 1;
}

function isEscaped(text: string, position: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(position - 1 - backslashes) === BACKSLASH) backslashes++;
  return backslashes % 2 === 1;
}

/** The position after a number, `true`, `false` or `null`. */
function endOfLiteral(text: string, start: number): number {
  let end = start + 1;
  while (end < text.length && isLiteralPart(text.charCodeAt(end))) end++;
  return end;
}

function isLiteralPart(code: number): boolean {
  return code > SPACE && code !== COMMA && code !== CLOSE_LIST && code !== CLOSE_OBJECT;
}

/** The lines of a JSON text with comments. */
export async function linesOfCommentedJson(text: string): Promise<LineMap | undefined> {
  const { visit } = await import("../deps/jsonc.ts");
  const builder = linesBuilder();
  visit(text, {
    onObjectBegin: (_offset, _length, startLine) => builder.open(startLine + 1, false),
    onArrayBegin: (_offset, _length, startLine) => builder.open(startLine + 1, true),
    onObjectProperty: (name) => builder.name(JSON.stringify(name).slice(1, -1)),
    onLiteralValue: (_value, _offset, _length, startLine) => builder.leaf(startLine + 1),
    onObjectEnd: () => builder.close(),
    onArrayEnd: () => builder.close(),
  }, { allowTrailingComma: true });
  return builder.root();
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
      return { line, children: null };
    }
    return { line, children };
  };
  return contents === null ? undefined : linesOf(contents);
}
