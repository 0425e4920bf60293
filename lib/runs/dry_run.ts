import type { RunRequest } from "../submission.ts";
import { withConsentDetails } from "./consent.ts";
import type { Deps } from "./deps.ts";

/**
 * Validates a request on the platform without running it.
 *
 * @throws Rejected with the platform's problems; ConsentRequired; the client's other errors.
 */
export async function dryRun(
  { client }: Pick<Deps, "client">,
  request: RunRequest,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const { workflow, inputs, displayName, isTrusted, requestedConsent } = request;
  const consent = isTrusted ? requestedConsent ?? { permissions: [], variables: [] } : null;
  try {
    await client.dryRun({ workflow, inputs, displayName, consent }, { signal });
  } catch (error) {
    throw withConsentDetails(request, error);
  }
}
