/** The checks of `doctor`. */

import { ResponseLost } from "../../errors.ts";
import { type CheckResult, type DoctorCheck, resultOfError } from "./check.ts";
import { type DoctorCall, type DoctorFacts, gatherFacts } from "./facts.ts";
import {
  checkAccount,
  checkClock,
  checkConnection,
  checkCredential,
  checkRoutes,
  checkWorkspace,
} from "./host_checks.ts";
import { checkHistory, checkNetwork, checkSettings, checkVersions } from "./machine_checks.ts";

interface Check {
  readonly name: string;
  /** Throws `Skipped` if a fact is missing; any other error is the failure. */
  run(facts: DoctorFacts): CheckResult | Promise<CheckResult>;
}

const CHECKS: readonly Check[] = [
  { name: "versions", run: checkVersions },
  { name: "settings", run: checkSettings },
  { name: "network", run: checkNetwork },
  { name: "credential", run: checkCredential },
  { name: "connection", run: checkConnection },
  { name: "clock", run: checkClock },
  { name: "account", run: checkAccount },
  { name: "routes", run: checkRoutes },
  { name: "workspace", run: checkWorkspace },
  { name: "history", run: checkHistory },
];

/** For all checks; requests have a shorter one of their own. */
const DEADLINE_MS = 45_000;
const LATE = `no response within ${DEADLINE_MS / 1_000} s`;

/** Yields the results in order, each as soon as it and those before it are known. */
export async function* runChecks(call: DoctorCall): AsyncGenerator<DoctorCheck, void> {
  const { signal, context: { clock } } = call;
  const facts = await gatherFacts(call);
  using deadline = clock.timeout(DEADLINE_MS);
  // Some operations can't be aborted, like reading a file on a hanging network mount: those are abandoned.
  const ended = rejectOnAbort(AbortSignal.any([signal, deadline.signal]));
  const pending = CHECKS.map(async ({ name, run }) => {
    const result = await Promise.race([Promise.try(run, facts), ended]).catch((error) => {
      signal.throwIfAborted();
      const isLate = deadline.signal.aborted && error === deadline.signal.reason;
      return resultOfError(isLate ? new ResponseLost(`Cannot check the ${name}: ${LATE}`) : error);
    });
    return { name, ...result };
  });
  for (const check of pending) check.catch(() => {});
  for (const check of pending) yield await check;
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  promise.catch(() => {});
  return promise;
}
