// The only file that names this package.
export { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parse, parseDocument, stringify } from "npm:yaml@2.9.1";
export type { Node as YamlNode } from "npm:yaml@2.9.1";
