import { flag, option, positiveDuration } from "../../argv.ts";

/** Options of `doctor` for the probe, which is loaded only for them. */
export const PROBE_OPTIONS = {
  probe: option("WORKFLOW", "Instead of checking, test how the server behaves, with runs of this workflow", {
    completes: "workflow",
  }),
  probeInput: option("INPUTS", "Inputs of these runs, as for run -i", { multiple: true, completes: "input" }),
  probeOutput: option("FILE", "Write the result to this file, which must not exist yet", { completes: "file" }),
  probeTimeout: option("TIME", "Maximum duration of a run (default 10m)", positiveDuration),
  probeDelete: flag("Delete the runs afterwards, with their files"),
  yes: flag("Probe without a confirmation", "y"),
} as const;
