import { abortable } from "../../abortable.ts";
import { ResponseLost } from "../../errors.ts";
import type { Invocation } from "../command.ts";
import { type CheckResult, type DoctorCheck, resultOfError } from "./check.ts";
import { type DoctorFacts, gatherFacts } from "./facts.ts";
import {
  checkAccount,
  checkClock,
  checkConnection,
  checkCredential,
  checkRoutes,
  checkWorkspace,
} from "./host_checks.ts";
import { checkHistory, checkNetwork, checkSettings, checkVersions } from "./machine_checks.ts";

/** Throws `Skipped` if a fact is missing; any other error is the failure. */
type Check = (facts: DoctorFacts) => CheckResult | Promise<CheckResult>;

const CHECKS: Readonly<Record<string, Check>> = {
  versions: checkVersions,
  settings: checkSettings,
  network: checkNetwork,
  credential: checkCredential,
  connection: checkConnection,
  clock: checkClock,
  account: checkAccount,
  routes: checkRoutes,
  workspace: checkWorkspace,
  history: checkHistory,
};

/** For all checks; requests have a shorter one of their own. */
const DEADLINE_MS = 45_000;
const LATE = `no response within ${DEADLINE_MS / 1_000} s`;

/** Yields the results in order, each as soon as it and those before it are known. */
export async function* runChecks(call: Invocation): AsyncGenerator<DoctorCheck, void> {
  const { signal, context: { clock } } = call;
  const facts = await gatherFacts(call);
  using deadline = clock.timeout(DEADLINE_MS);
  // Some operations can't be aborted, like reading a file on a hanging network mount: those are abandoned.
  const either = AbortSignal.any([signal, deadline.signal]);
  const pending = Object.entries(CHECKS).map(async ([name, check]) => {
    const result = await abortable(Promise.try(check, facts), either).catch((error) => {
      signal.throwIfAborted();
      const isLate = deadline.signal.aborted && error === deadline.signal.reason;
      return resultOfError(isLate ? new ResponseLost(`Cannot check the ${name}: ${LATE}`) : error);
    });
    return { name, ...result };
  });
  for (const check of pending) check.catch(() => {});
  for (const check of pending) yield await check;
}
