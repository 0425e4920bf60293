import { secretValues } from "../inputs/secrets.ts";
import { createRedactor, redactDeep, redactError, type Redactor } from "../redact.ts";
import type { Run, RunDetail } from "../run.ts";
import type { Submission } from "../submission.ts";
import type { Client } from "../platform/client.ts";
import type { Deps } from "./deps.ts";

/** Knows the secrets of one submission. */
export function redactorFor({ request }: Pick<Submission, "request">, inputs = request.inputs): Redactor {
  const values = secretValues(inputs, request.secretPaths);
  return createRedactor(values.filter((value) => !request.publicValues.includes(value)));
}

/**
 * The dependencies as one submission may see them: all text from a server is redacted where it enters, so that
 * nothing that is stored, reported or thrown repeats a secret. A process that no longer knows the secrets takes them from
 * the inputs that the platform repeats; these are then removed.
 */
export function redactingDeps(deps: Deps, submission: Pick<Submission, "request">): Deps {
  const { request } = submission;
  let redact = redactorFor(submission);
  const clean = (value: unknown): unknown => {
    if (!isRunDetail(value)) return redactDeep(value, redact);
    if (request.inputs === null && value.inputs !== null) redact = redactorFor(submission, value.inputs);
    return redactDeep({ ...value, inputs: null }, redact);
  };
  const client: Client = new Proxy(deps.client, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return async (...args: readonly unknown[]) => {
        try {
          const result: unknown = await Reflect.apply(member, target, args);
          // A response to a submit carries its error as a value.
          if (!isErrorResponse(result)) return clean(result);
          return { ...result, error: redactError(result.error, redact) };
        } catch (error) {
          throw redactError(error, redact);
        }
      };
    },
  });
  return { ...deps, client };
}

/** A run as it may be stored: without its inputs, which hold the secrets, and without what repeats them. */
export function withoutSecretsOf<R extends Run | RunDetail>(submission: Pick<Submission, "request">, run: R): R {
  const { inputs, secretPaths } = submission.request;
  const known = inputs ?? ("inputs" in run ? run.inputs : null);
  // A listed run has no inputs from which the secrets could be read.
  if (known === null && secretPaths.length > 0) return { ...run, statusReason: null };
  const clean = redactDeep(run, redactorFor(submission, known));
  return "inputs" in clean ? { ...clean, inputs: null } : clean;
}

function isRunDetail(value: unknown): value is RunDetail {
  return typeof value === "object" && value !== null && "jobs" in value && "inputs" in value;
}

function isErrorResponse(value: unknown): value is { readonly error: Error } {
  return typeof value === "object" && value !== null && "error" in value && value.error instanceof Error;
}
