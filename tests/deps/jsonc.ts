// The only file of the tests that names this package.
export { visit } from "npm:jsonc-parser@3.3.1";
