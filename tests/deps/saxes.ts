// The only file that names this package: a strict parser of XML 1.0.
export { SaxesParser } from "npm:saxes@6.0.0";
