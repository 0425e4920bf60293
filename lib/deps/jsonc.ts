// The only file that names this package. JSON with comments.
export { parse, printParseErrorCode } from "npm:jsonc-parser@3.3.1";
export type { ParseError } from "npm:jsonc-parser@3.3.1";
