import { nonEmptyString, positiveDuration } from "../../argv.ts";

/** Options of `doctor` for the probe, which is loaded only for them. */
export const PROBE_OPTIONS = {
  probe: {
    type: "custom",
    parse: nonEmptyString,
    metavar: "WORKFLOW",
    completes: "workflow",
    description: "Instead of checking, test how the server behaves, with runs of this workflow",
  },
  probeInput: {
    type: "custom",
    parse: nonEmptyString,
    multiple: true,
    metavar: "INPUTS",
    completes: "input",
    description: "Inputs of these runs, as for run -i",
  },
  probeOutput: {
    type: "custom",
    parse: nonEmptyString,
    metavar: "FILE",
    completes: "file",
    description: "Write the result to this file, which must not exist yet",
  },
  probeTimeout: {
    type: "custom",
    parse: positiveDuration,
    metavar: "TIME",
    description: "Maximum duration of a run (default 10m)",
  },
  probeDelete: { type: "boolean", description: "Delete the runs afterwards, with their files" },
  yes: { type: "boolean", short: "y", description: "Probe without a confirmation" },
} as const;
