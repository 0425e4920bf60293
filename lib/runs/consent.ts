import { ConsentRequired, RunnerError } from "../errors.ts";
import type { RunRequest } from "../submission.ts";
import type { Consent } from "../workflow.ts";

/** Like `all permissions (*), variable TOKEN`; empty for nothing. */
export function describeConsent(consent: Consent | null): string {
  return [
    ...(consent?.permissions ?? []).map((name) => name === "*" ? "all permissions (*)" : `permission ${name}`),
    ...(consent?.variables ?? []).map((name) => `variable ${name}`),
  ].join(", ");
}

/** Names the consent that the workflow requests. The error's code identifies this case; its message varies. */
export function withConsentDetails<E>(
  request: Pick<RunRequest, "workflow" | "isTrusted" | "requestedConsent">,
  error: E,
): E | ConsentRequired {
  if (request.isTrusted || !(error instanceof RunnerError) || error.code?.includes("consent") !== true) return error;
  const requested = describeConsent(request.requestedConsent);
  const what = requested === "" ? "" : ` to ${requested}`;
  const hint = "Grant it for this run with isTrusted: true";
  const commandHint = "Grant it for this run with --trust";
  const message = `Cannot run ${request.workflow}: it requires your consent${what}`;
  return new ConsentRequired(message, { hint, commandHint, cause: error });
}
