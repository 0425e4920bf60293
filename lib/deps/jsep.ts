// Operators are global state of the package: only this file adds any.

import jsep, { type CoreExpression, type Expression } from "npm:jsep@1.4.0";

// As in `inputs.cpus-per-task`; an operator `-` therefore needs a space behind it.
jsep.addIdentifierChar("-");
for (const name of ["includes", "!includes", "in", "!in"]) jsep.addBinaryOp(name, 7);
for (const name of ["get", "slice"]) jsep.addBinaryOp(name, 12);

const CORE_TYPES = [
  ...["Literal", "Identifier", "MemberExpression", "ArrayExpression"],
  ...["UnaryExpression", "BinaryExpression", "ConditionalExpression"],
];

export type { CoreExpression, Expression };
/** Throws an Error if the text is not one expression. */
export const parseExpression = (text: string): Expression => jsep(text);
export const isCoreExpression = (node: Expression): node is CoreExpression => CORE_TYPES.includes(node.type);
