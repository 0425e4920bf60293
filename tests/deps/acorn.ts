// Parses JavaScript. Only where releases are made.
export { type AnyNode, type FunctionDeclaration, type Identifier, type Literal, parse } from "npm:acorn@8.19.0";
