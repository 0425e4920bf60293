/** Which line each value of a text stands on: read in one pass, and only when somebody asks. */

import type { LineCounter, YamlNode } from "../deps/yaml.ts";
import type { Path } from "./path.ts";

/** The lines of a value and of what is inside it, in the value's own shape. */
export interface Lines {
  /** From 1. */
  readonly line: number;
  /** By name or index; `null` for a single value. */
  readonly inside: ReadonlyMap<string | number, Lines> | null;
}

/** The line of the value at a path; `undefined` where there is none. */
export function lineAt(lines: Lines | undefined, path: Path): number | undefined {
  let found = lines;
  for (const segment of path) found = found?.inside?.get(segment);
  return found?.line;
}

/**
 * The lines of a JSON text that `JSON.parse` has taken. It is only looked through for where values begin, which is many
 * times faster than reading it again.
 */
export function linesOfJson(text: string): Lines | undefined {
  const tree = treeOfLines();
  let line = 1;
  let at = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    switch (code) {
      case NEWLINE:
        line++;
        at++;
        break;
      case QUOTE: {
        const end = endOfText(text, at);
        if (tree.isNameNext()) tree.name(text.slice(at + 1, end - 1));
        else tree.leaf(line);
        at = end;
        break;
      }
      case OPEN_OBJECT:
      case OPEN_LIST:
        tree.open(line, code === OPEN_LIST);
        at++;
        break;
      case CLOSE_OBJECT:
      case CLOSE_LIST:
        tree.close();
        at++;
        break;
      case COMMA:
        tree.next();
        at++;
        break;
      case COLON:
      case SPACE:
      case TAB:
      case RETURN:
        at++;
        break;
      default:
        tree.leaf(line);
        at = endOfWord(text, at);
    }
  }
  return tree.root();
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

/** Gathers lines as a reader comes upon values, in the order of the text. */
function treeOfLines() {
  type Open = { readonly inside: Map<string | number, Lines>; readonly isList: boolean; name: string | null };
  const around: Open[] = [];
  let here: Open | undefined;
  let root: Lines | undefined;
  let leaf: Lines = { line: 0, inside: null };
  const add = (lines: Lines) => {
    if (here === undefined) root ??= lines;
    else here.inside.set(here.isList ? here.inside.size : here.name ?? "", lines);
  };
  return {
    root: () => root,
    isNameNext: () => here !== undefined && !here.isList && here.name === null,
    /** @param written As it stands between its quotes. */
    name(written: string) {
      if (here !== undefined) here.name = written.includes("\\") ? String(JSON.parse(`"${written}"`)) : written;
    },
    leaf(line: number) {
      if (leaf.line !== line) leaf = { line, inside: null };
      add(leaf);
    },
    open(line: number, isList: boolean) {
      const inside = new Map<string | number, Lines>();
      add({ line, inside });
      if (here !== undefined) around.push(here);
      here = { inside, isList, name: null };
    },
    close() {
      here = around.pop();
    },
    next() {
      if (here !== undefined) here.name = null;
    },
  };
}

/** Just behind the closing quote of the text that begins at a quote. */
function endOfText(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end === -1 ? text.length : end + 1;
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0;
  while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes++;
  return slashes % 2 === 1;
}

/** Just behind a number, `true`, `false` or `null`. */
function endOfWord(text: string, start: number): number {
  let end = start + 1;
  while (end < text.length && isWordPart(text.charCodeAt(end))) end++;
  return end;
}

function isWordPart(code: number): boolean {
  return code > SPACE && code !== COMMA && code !== CLOSE_LIST && code !== CLOSE_OBJECT;
}

/** The lines of a JSON text with comments. */
export async function linesOfCommentedJson(text: string): Promise<Lines | undefined> {
  const { visit } = await import("../deps/jsonc.ts");
  const tree = treeOfLines();
  visit(text, {
    onObjectBegin: (_offset, _length, startLine) => tree.open(startLine + 1, false),
    onArrayBegin: (_offset, _length, startLine) => tree.open(startLine + 1, true),
    onObjectProperty: (name) => tree.name(JSON.stringify(name).slice(1, -1)),
    onLiteralValue: (_value, _offset, _length, startLine) => tree.leaf(startLine + 1),
    onObjectEnd: () => tree.close(),
    onArrayEnd: () => tree.close(),
  }, { allowTrailingComma: true });
  return tree.root();
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
