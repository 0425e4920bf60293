// The only file that names this package. Its parser and its types are what we use: the table of commands, their help
// and the strictness that it leaves open (values for switches, words too many) are ours, in `cli/`.
export { ArgsValidationErrorKeys, isArgsValidationError, parseArgs, resolveArgs } from "npm:gunshi@0.37.2";
export type { Args, ArgSchema, ArgToken, ArgValues } from "npm:gunshi@0.37.2";
