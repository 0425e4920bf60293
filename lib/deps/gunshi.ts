// The only file that names this package. Only its parser and types: the table of commands, help, and what the parser does
// not check (values of switches, unexpected arguments) are in `cli/`.
export { ArgsValidationErrorKeys, isArgsValidationError, parseArgs, resolveArgs } from "npm:gunshi@0.37.2";
export type { Args, ArgSchema, ArgToken, ArgValues } from "npm:gunshi@0.37.2";
