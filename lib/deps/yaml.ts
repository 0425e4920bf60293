// The only file that names this package.
export { LineCounter, parse, parseDocument, stringify } from "npm:yaml@2.9.1";
