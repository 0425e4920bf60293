/** The text of a suite file as values with their places. What is no plain YAML is a problem that names what to write. */

import type { YamlNode } from "../deps/yaml.ts";
import { formatPath, type InputPath, isExact, isReserved, type Json } from "../json.ts";
import { isSecretName } from "../inputs/secrets.ts";
import { API_KEY_PATTERN } from "../platform/credentials/api_key.ts";
import { SECRET_MASK } from "../redact.ts";
import type { Problem } from "../problem.ts";
import { type SyntaxProblem, syntaxProblems, tagProblem } from "./syntax.ts";

export interface SourceFile {
  /** As in messages. */
  readonly name: string;
  /** `null` if nothing could be read. */
  readonly value: Json;
  /** Of the text itself. */
  readonly problems: readonly Problem[];
  /** True if the value at the path, or one around it, has a problem already. */
  isBroken(path: InputPath): boolean;
  /** Describes a problem of the value at the path, or of its name. A missing value is placed where it should be. */
  problem(path: InputPath, message: string, at?: "key" | "value"): Problem;
  /** From 1; of the value at the path. */
  lineOf(path: InputPath): number;
}

type Range = Pick<SyntaxProblem, "start" | "end">;

interface Place {
  readonly path: InputPath;
  /** Of its name; of the value itself where it has none. */
  readonly key: Range;
  readonly value: Range;
}

/** More values than any suite has: aliases of aliases multiply. */
const MAX_VALUES = 50_000;
const MAX_DEPTH = 100;

export async function readSource(text: string, name: string): Promise<SourceFile> {
  const yaml = await import("../deps/yaml.ts");
  const counter = new yaml.LineCounter();
  const document = yaml.parseDocument(text, { lineCounter: counter, logLevel: "error", prettyErrors: false });
  const places = new Map<string, Place>();
  const secrets: Range[] = [];
  const broken = new Set<string>();
  const found: SyntaxProblem[] = [...syntaxProblems(text, document.errors)];
  if (document.directives?.yaml.version === "1.1") {
    const message = "is YAML 1.1, where 1:30 is the number 90: remove %YAML 1.1";
    found.push({ start: 0, end: 1, path: [], message });
  }
  let values = 0;
  let isTooLarge = false;

  const report = (problem: SyntaxProblem) => {
    broken.add(keyOf(problem.path));
    found.push(problem);
  };
  const read = (node: YamlNode | null, place: Place): Json => {
    const { path, value } = place;
    values++;
    if (values > MAX_VALUES || path.length > MAX_DEPTH) {
      const message = "is nested too deeply, or its aliases expand to too many values";
      if (!isTooLarge) report({ ...value, path, message });
      isTooLarge = true;
      return null;
    }
    places.set(keyOf(path), place);
    if (node === null) return null;
    if (found.some((problem) => breaks(problem, node))) broken.add(keyOf(path));
    const tag = tagProblem(text, node, path);
    if (tag !== undefined) report(tag);
    if (yaml.isAlias(node)) {
      const target = node.resolve(document);
      if (target !== undefined) return read(target, place);
      const message = `*${node.source} names no anchor: put a text that begins with * in quotes`;
      report({ ...value, path, message });
      return null;
    }
    if (yaml.isMap(node)) return Object.fromEntries(node.items.flatMap((pair) => readMember(pair, place)));
    if (yaml.isSeq(node)) {
      return node.items.map((item, index) => {
        const itemNode = yaml.isNode(item) ? item : null;
        const range = rangeOf(itemNode) ?? value;
        return read(itemNode, { path: [...path, index], key: range, value: range });
      });
    }
    if (!yaml.isScalar(node)) return null;
    if (path.some((part) => isSecretName(String(part)))) secrets.push(value);
    if (typeof node.value === "number") {
      const message = numberProblem(node.value, node.source ?? "", path);
      if (message !== undefined) report({ ...value, path, message });
    }
    return isJsonScalar(node.value) ? node.value : String(node.source);
  };
  const readMember = (pair: { readonly key: unknown; readonly value: unknown }, around: Place): [string, Json][] => {
    const keyNode = yaml.isNode(pair.key) ? pair.key : null;
    const key = rangeOf(keyNode) ?? around.value;
    if (!yaml.isScalar(keyNode)) {
      const message = "{{ … }} is no template, and a name must be text: write ${NAME}, or put the text in quotes";
      report({ ...key, path: around.path, message });
      return [];
    }
    const name = typeof keyNode.value === "string" ? keyNode.value : String(keyNode.source ?? keyNode.value);
    const path = [...around.path, name];
    if (isReserved(name)) {
      report({ ...key, path, message: "cannot be used as a name" });
      return [];
    }
    if (name === "<<" && keyNode.type === "PLAIN") {
      report({ ...key, path, message: "merge keys are not supported: use defaults, or an alias for the whole value" });
    }
    const node = yaml.isNode(pair.value) ? pair.value : null;
    return [[name, read(node, { path, key, value: rangeOf(node) ?? key })]];
  };
  const whole = { start: 0, end: 1 };
  const value = read(document.contents, { path: [], key: whole, value: whole });

  const lines = text.split("\n");
  const toProblem = ({ start, end, path, message }: SyntaxProblem): Problem => {
    const { line, col } = counter.linePos(start);
    const visible = maskedLine(lines[line - 1]?.replace(/\r$/, "") ?? "", start - col + 1, secrets);
    const rest = Math.max(1, visible.length - col + 1);
    const excerpt = { line: visible, column: col, length: Math.min(Math.max(1, end - start), rest) };
    const problem = {
      origin: `${name}:${line}:${col}`,
      path: formatPath(path),
      message: message.replaceAll(API_KEY_PATTERN, SECRET_MASK),
    };
    return visible.trim() === "" ? problem : { ...problem, excerpt };
  };
  const rangeAt = (path: InputPath, at: "key" | "value"): Range => {
    let known = path;
    while (known.length > 0 && !places.has(keyOf(known))) known = known.slice(0, -1);
    return places.get(keyOf(known))?.[known.length < path.length ? "key" : at] ?? whole;
  };
  return {
    name,
    value,
    problems: found.map((one) => toProblem(one.path.length > 0 ? one : { ...one, path: innermost(places, one.start) })),
    isBroken: (path) => isTooLarge || path.some((_, index) => broken.has(keyOf(path.slice(0, index + 1)))),
    problem: (path, message, at = "value") => toProblem({ ...rangeAt(path, at), path, message }),
    lineOf: (path) => counter.linePos(rangeAt(path, "value").start).line,
  };
}

function keyOf(path: InputPath): string {
  return JSON.stringify(path);
}

/** Whether a problem of the text makes the node's value meaningless. */
function breaks({ start, breaksNodeAt }: SyntaxProblem, node: YamlNode): boolean {
  const range = rangeOf(node);
  if (range === undefined) return false;
  if (breaksNodeAt !== undefined) return range.start === breaksNodeAt;
  return "source" in node && range.start <= start && start < Math.max(range.end, range.start + 1);
}

function rangeOf(node: YamlNode | null): Range | undefined {
  return node?.range ? { start: node.range[0], end: Math.max(node.range[1], node.range[0] + 1) } : undefined;
}

function numberProblem(value: number, source: string, path: InputPath): string | undefined {
  if (!Number.isFinite(value)) return "must be a finite number";
  const isDecimal = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(source);
  if (isDecimal && !isExact(source)) return "cannot be kept exactly as a number: put it in quotes to keep it as text";
  const isSent = path.some((part) => part === "inputs" || part === "matrix");
  if (!isSent || !/^[-+]?\d+\.\d*0$/.test(source)) return undefined;
  return `is the number ${value}: write ${value}, or put it in quotes to keep the text ${source}`;
}

function isJsonScalar(value: unknown): value is string | number | boolean | null {
  return value === null || ["string", "number", "boolean"].includes(typeof value);
}

function maskedLine(line: string, lineStart: number, secrets: readonly Range[]): string {
  let masked = line.replaceAll(API_KEY_PATTERN, maskOf);
  for (const { start, end } of secrets) {
    const [from, to] = [start - lineStart, end - lineStart];
    if (to <= 0 || from >= line.length) continue;
    const [first, last] = [Math.max(0, from), Math.min(line.length, to)];
    masked = masked.slice(0, first) + maskOf({ length: last - first }) + masked.slice(last);
  }
  return masked;
}

/** As long as the text, so that marks stay in their place. */
function maskOf({ length }: Pick<string, "length">): string {
  return SECRET_MASK.repeat(Math.ceil(length / SECRET_MASK.length)).slice(0, length);
}

/** The path of the innermost value around an offset. */
function innermost(places: ReadonlyMap<string, Place>, offset: number): InputPath {
  const around = [...places.values()].filter(({ key, value }) => key.start <= offset && offset <= value.end);
  return around.toSorted((a, b) => a.key.start - b.key.start).at(-1)?.path ?? [];
}
