import { type CheckResult, resultOfError } from "../../../../lib/cli/doctor/check.ts";
import type { DoctorFacts } from "../../../../lib/cli/doctor/facts.ts";
import { aContext } from "../../../support/cli_context.ts";

type Parts = {
  readonly [Name in keyof DoctorFacts]?: DoctorFacts[Name] extends Promise<infer Fact>
    ? (Fact extends object ? DeepPartial<Fact> : Fact) | Error
    : DoctorFacts[Name];
};

type DeepPartial<T> = T extends object ? { readonly [Name in keyof T]?: DeepPartial<T[Name]> } : T;

/** Facts of which only the given ones are found; an error is the reason why one is not. */
export function facts({ context = aContext(), values = {}, ...found }: Parts): DoctorFacts {
  const promises = Object.entries(found).map(([name, fact]) => {
    const promise = fact instanceof Error ? Promise.reject(fact) : Promise.resolve(fact);
    promise.catch(() => {});
    return [name, promise];
  });
  return { context, values, ...Object.fromEntries(promises) };
}

/** The result of a check, also if it throws. */
export function resultOf(
  check: (facts: DoctorFacts) => CheckResult | Promise<CheckResult>,
  given: DoctorFacts,
): Promise<CheckResult> {
  return Promise.try(check, given).catch(resultOfError);
}
