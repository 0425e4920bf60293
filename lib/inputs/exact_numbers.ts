/**
 * Numbers that this runtime would change: 9007199254740993 would be sent as 9007199254740992, and 1e400 as null. They are
 * refused instead.
 */

import type { LineCounter, YamlNode } from "../deps/yaml.ts";
import { isExact, mayBeInexact } from "../json.ts";
import type { Problem } from "../problem.ts";
import { formatPath, type InputPath } from "./path.ts";

/** More are counted, not listed. */
const MAX_PROBLEMS = 10;

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
