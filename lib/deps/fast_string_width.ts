// The only file that names this package. Its truncation counts wide characters wrongly, so `cli/terminal/text_width.ts` has
// its own.
export { default as fastStringWidth } from "npm:fast-string-width@3.0.2";
