/**
 * Numbers that this runtime would change: 9007199254740993 would be sent as 9007199254740992, and 1e400 as null. They are
 * refused instead.
 */

import type { LineCounter, YamlNode } from "../deps/yaml.ts";
import type { Problem } from "../problem.ts";
import { formatPath, type InputPath } from "./path.ts";

/** More are counted, not listed. */
const MAX_PROBLEMS = 10;

/** Whether the text of a number is still the same number when it is printed again. */
export function isExact(source: string): boolean {
  const value = Number(source);
  if (source.trim() === "" || !Number.isFinite(value)) return false;
  return /^\s*0[box]/i.test(source) ? Number.isSafeInteger(value) : sameDecimal(source, String(value));
}

/** Whether a text has numbers that might not be: looking for them all would take long in a large file. */
function mayBeInexact(text: string): boolean {
  return /\d[\d.]{15}|\d[eE][+-]?\d{3}/.test(text);
}

/** The numbers of a JSON text, with or without comments, that are not exact. */
export async function inexactInJson(text: string, origin: string): Promise<Problem[]> {
  if (!mayBeInexact(text)) return [];
  const { visit } = await import("../deps/jsonc.ts");
  const found: Finding[] = [];
  visit(text, {
    onLiteralValue(value, offset, length, line, _column, pathOf) {
      const source = text.slice(offset, offset + length);
      if (typeof value === "number" && !isExact(source)) found.push({ line: line + 1, path: pathOf() });
    },
  }, { allowTrailingComma: true });
  return problemsOf(found, origin);
}

/** The numbers of a YAML document's contents that are not exact. */
export async function inexactInYaml(
  contents: YamlNode | null,
  { text, counter, origin }: { readonly text: string; readonly counter: LineCounter; readonly origin: string },
): Promise<Problem[]> {
  if (contents === null || !mayBeInexact(text)) return [];
  const { isMap, isNode, isScalar, isSeq } = await import("../deps/yaml.ts");
  const found: Finding[] = [];
  const visit = (node: YamlNode, path: InputPath): void => {
    if (isMap(node)) {
      for (const { key, value } of node.items) {
        if (isNode(value)) visit(value, [...path, isScalar(key) ? String(key.value) : ""]);
      }
    } else if (isSeq(node)) {
      for (const [index, item] of node.items.entries()) if (isNode(item)) visit(item, [...path, index]);
    } else if (isScalar(node) && typeof node.value === "number" && typeof node.source === "string") {
      const { source } = node;
      // Infinity and not-a-number are refused elsewhere; other bases are exact up to the safe integers.
      const isDecimal = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(source);
      if (isDecimal ? isExact(source) : !Number.isFinite(node.value) || Number.isSafeInteger(node.value)) return;
      found.push({ line: counter.linePos(node.range?.[0] ?? 0).line, path });
    }
  };
  visit(contents, []);
  return problemsOf(found, origin);
}

interface Finding {
  readonly line: number;
  readonly path: InputPath;
}

function problemsOf(found: readonly Finding[], origin: string): Problem[] {
  const problems = found.slice(0, MAX_PROBLEMS).map(({ line, path }): Problem => ({
    origin: `${origin}:${line}`,
    path: formatPath(path),
    // Not quoted, because it may be a password.
    message: "cannot be sent exactly as a number: put it in quotes to send it as text",
  }));
  const more = found.length - problems.length;
  return more === 0 ? problems : [...problems, { origin, path: "", message: `and ${more} more numbers like these` }];
}

function sameDecimal(left: string, right: string): boolean {
  const [first, second] = [decimalOf(left), decimalOf(right)];
  return first !== undefined && second !== undefined && first === second;
}

/** Sign, digits without zeros at either end, and exponent; `undefined` for any other text. */
function decimalOf(text: string): string | undefined {
  const match = /^([-+]?)(\d*)\.?(\d*)(?:[eE]([-+]?\d+))?$/.exec(text.trim());
  if (match === null) return undefined;
  const [, sign, whole = "", fraction = "", exponent = "0"] = match;
  const digits = (whole + fraction).replace(/^0+/, "");
  const significant = digits.replace(/0+$/, "");
  if (significant === "") return "0";
  const scale = BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - significant.length);
  return `${sign === "-" ? "-" : ""}${significant}e${scale}`;
}
