import type { ServerCapabilities } from "../../lib/capabilities.ts";
import { advanceOne } from "../../lib/runs/advance.ts";
import type { AdvanceOptions, AdvanceResult } from "../../lib/runs/advance_result.ts";
import { createSubmission, type CreateSubmissionOptions } from "../../lib/runs/create_submission.ts";
import type { Deps } from "../../lib/runs/deps.ts";
import { DEFAULT_EXECUTE } from "../../lib/runs/options.ts";
import type { Simulator, SimulatorOptions } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { memoryRunStore } from "../../lib/store/memory_kv.ts";
import type { RunStore } from "../../lib/store/run_store.ts";
import type { RunRequest, Submission } from "../../lib/submission.ts";
import { depsFor } from "./deps.ts";
import { aRequest } from "./records.ts";
import { type VirtualClock, virtualClock } from "./virtual_clock.ts";

/** One machine that submits to a simulator, step by step. */
export interface Steps extends AsyncDisposable {
  readonly clock: VirtualClock;
  readonly simulator: Simulator;
  readonly deps: Deps;
  create(options?: Partial<CreateSubmissionOptions>, request?: Partial<RunRequest>): Promise<Submission>;
  /** Waits until the submission is due, and takes the next step. */
  step(submission: Submission, options?: Partial<AdvanceOptions>): Promise<AdvanceResult>;
}

export interface StepsOptions extends SimulatorOptions {
  readonly store?: RunStore;
  /** What is known of the server before. */
  readonly known?: ServerCapabilities;
}

export async function steps({ known = {}, store = memoryRunStore(), ...options }: StepsOptions = {}): Promise<Steps> {
  const clock = virtualClock();
  const simulator = await startSimulator({ ...options, clock });
  const deps = await depsFor(simulator, { clock, store });
  await deps.store.updateCapabilities(deps.client.host, known);
  const defaults = { ...DEFAULT_EXECUTE, signal: new AbortController().signal } as const;
  return {
    clock,
    simulator,
    deps,
    create: (given, request) =>
      createSubmission(deps, aRequest({ workflow: "never-ending", inputs: {}, ...request }), { ...defaults, ...given }),
    async step(submission, given) {
      clock.advance(Math.max(0, submission.nextPollAtMs - clock.now()));
      return await advanceOne(deps, submission, { ...defaults, ...given });
    },
    [Symbol.asyncDispose]: () => simulator[Symbol.asyncDispose](),
  };
}
