/** Reads a YAML text. Loaded only for one. */

import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, type YamlNode } from "../deps/yaml.ts";
import { formatPath, type InputPath, isExact } from "../json.ts";
import { firstOfLines, type Problem } from "../problem.ts";
import type { Lines, ValueDocument } from "./lines.ts";
import { firstProblems, IS_DUPLICATE, IS_INEXACT, type ScannedText } from "./scan_json.ts";

// Without a tag's type, its value would be another one, or lost. Not quoted, because it may be a password.
const IS_TAGGED = "has a tag: only !!str is supported, and a text that begins with ! needs quotes";
// Not quoted, either.
const IS_UNKNOWN_ANCHOR = "names no anchor: put a text that begins with * in quotes";
const IS_MERGE_KEY = "merge keys are not supported: use an alias for the whole value";

/** @throws RangeError for a text that is nested too deeply. */
export function readYaml(text: string, origin: string): ValueDocument | readonly Problem[] {
  const counter = new LineCounter();
  // Whose names are unique is checked below: the parser compares each with all others, a minute for 50,000.
  const document = parseDocument(text, { lineCounter: counter, logLevel: "error", uniqueKeys: false });
  // This parser reports its own stack overflow as an error of the text.
  if (document.errors.some(({ code }) => code === "RESOURCE_EXHAUSTION")) throw new RangeError("nested too deeply");
  if (document.errors.length > 0) {
    return firstOfLines(document.errors.map(({ pos: [offset], code, message }) => {
      const [reason = ""] = message.split("\n");
      // The parser's messages advise to call another of its functions, and quote what may be a password.
      const shown = code === "MULTIPLE_DOCS"
        ? "only one document is allowed: remove ---"
        : code === "TAG_RESOLVE_FAILED"
        ? IS_TAGGED
        : reason.replace(/ at line \d+, column \d+:?$/, "").replace(/(?<=\w): .*/, "");
      return { origin: `${origin}:${counter.linePos(offset).line}`, path: "", message: `is not YAML: ${shown}` };
    }));
  }
  if (document.directives?.yaml.version === "1.1") {
    return [{ origin, path: "", message: "is YAML 1.1, where 1:30 is the number 90: remove %YAML 1.1" }];
  }
  const { lines, problems } = scan(document.contents, counter, origin);
  if (problems.length > 0) return problems;
  try {
    // A file in which everything is commented out, as a new one may be, is a file without inputs.
    const value: unknown = document.contents === null ? {} : document.toJS();
    // To JSON and back, so that maps with keys other than strings become plain objects.
    return { value: JSON.parse(JSON.stringify(value)), lines };
  } catch (error) {
    const isTooLarge = error instanceof ReferenceError;
    if (!isTooLarge && !(error instanceof TypeError)) throw error;
    const reason = isTooLarge ? "its aliases expand to too many values" : "an anchor contains itself";
    return [{ origin, path: "", message: `is not valid YAML: ${reason}` }];
  }
}

function scan(contents: YamlNode | null, counter: LineCounter, origin: string): ScannedText {
  const problems: Problem[] = [];
  const report = (line: number, path: InputPath, message: string) =>
    void problems.push({ origin: `${origin}:${line}`, path: formatPath(path), message });
  const anchors = new Set<string>();
  const lineOf = (node: YamlNode) => {
    if ("anchor" in node && node.anchor !== undefined) anchors.add(node.anchor);
    return counter.linePos(node.range?.[0] ?? 0).line;
  };
  const linesOf = (node: YamlNode, path: InputPath): Lines => {
    const line = lineOf(node);
    if (isAlias(node) && !anchors.has(node.source)) report(line, path, IS_UNKNOWN_ANCHOR);
    if (node.tag !== undefined && !/^!$|:str$/.test(node.tag)) report(line, path, IS_TAGGED);
    if (isMap(node) || isSeq(node)) {
      const children = new Map<string | number, Lines>();
      const entries: (readonly [name: string | number, value: unknown, key?: unknown])[] = isMap(node)
        ? node.items.map(({ key, value }) => [String(isScalar(key) ? key.value ?? "" : key), value, key])
        : [...node.items.entries()];
      for (const [name, value, key] of entries) {
        const here = [...path, name];
        const ownLine = isNode(key) ? lineOf(key) : line;
        if (name === "<<" && isScalar(key) && key.type === "PLAIN") report(ownLine, here, IS_MERGE_KEY);
        if (children.has(name)) report(ownLine, here, IS_DUPLICATE);
        children.set(name, isNode(value) ? linesOf(value, here) : line);
      }
      return { line, children };
    }
    if (!isScalar(node) || typeof node.value !== "number" || node.source === undefined) return line;
    if (!isExactNumber(node.source, node.value)) report(line, path, IS_INEXACT);
    return node.source === String(node.value) ? line : { line, written: node.source };
  };
  const lines = contents === null ? 1 : linesOf(contents, []);
  return { lines, problems: firstProblems(problems, { origin }) };
}

function isExactNumber(source: string, value: number): boolean {
  if (/^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(source)) return isExact(source);
  // Other bases are exact up to the safe integers; infinity and not-a-number have no JSON.
  return Number.isSafeInteger(value);
}
