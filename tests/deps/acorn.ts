// Parses JavaScript. Only where releases are made.
export { type AnyNode, type FunctionDeclaration, parse } from "npm:acorn@8.19.0";
