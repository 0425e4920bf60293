// The only file that names this package.
export { convertJUnitToCTRFReport } from "npm:junit-to-ctrf@0.0.14";
