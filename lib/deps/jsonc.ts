// The only file that names this package: JSON with comments, and where in the text a value stands.
export { parse, printParseErrorCode, visit } from "npm:jsonc-parser@3.3.1";
export type { ParseError } from "npm:jsonc-parser@3.3.1";
