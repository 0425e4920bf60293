// The only file that names this package. JSON with comments, and the position of a value in the text.
export { parse, printParseErrorCode, visit } from "npm:jsonc-parser@3.3.1";
export type { ParseError } from "npm:jsonc-parser@3.3.1";
