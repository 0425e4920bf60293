import { CredentialError } from "../../errors.ts";
import { formatDuration } from "../../duration.ts";
import { oneLine } from "../../escape.ts";
import { actionOf, argument, flag } from "../argv.ts";
import { defineCommand, JSON_OPTION } from "../command.ts";
import { accountName, expirationText, KIND_LABELS, RENEW_KEY } from "../doctor/host_checks.ts";
import { COMPLETED } from "../exit_codes.ts";
import { clientFor, ignoredSources, openCredential } from "../open_client.ts";

export const command = defineCommand({
  examples: {
    "pw-workflow-runner auth status": "Show the key's source, host, user and expiration",
    "pw-workflow-runner auth status --offline --context work": "Show what a context would use, without a request",
  },
  notes: [
    "Order: --context, PW_API_KEY, PW_CONTEXT, PW_API_KEY of .env, the current context of the official CLI.",
    "Exits with 0 if the platform accepts the key, and with 4 if there is none, or it is refused or has expired.",
  ].join("\n"),
  args: {
    action: argument("ACTION", { parse: actionOf({ status: "show which API key is used" }) }),
    offline: flag("Do not ask the platform whether it accepts the key"),
    ...JSON_OPTION,
  },
  async run(call) {
    const { context, output, signal, values } = call;
    const credential = await openCredential(call);
    const { kind, host, source, expiresAtMs } = credential;
    const leftMs = (expiresAtMs ?? Infinity) - context.clock.now();
    if (leftMs <= 0) {
      throw new CredentialError("credential_refused", `The key from ${source} expired ${formatDuration(-leftMs)} ago`, {
        hint: RENEW_KEY,
      });
    }
    const identity = values.offline === true
      ? null
      : await (await clientFor(call, credential)).whoAmI({ signal, retry: "none" });
    const hidden = await ignoredSources(context, values);
    // The members are a public interface.
    const document = {
      host,
      user: identity?.user ?? null,
      fullName: identity?.fullName ?? null,
      organization: identity?.organization ?? null,
      credential: {
        type: kind,
        source,
        expiresAt: expiresAtMs === null ? null : new Date(expiresAtMs).toISOString(),
        ignored: hidden,
      },
      ...COMPLETED,
    };
    const { answerStyle } = output;
    const lines = [
      identity === null
        ? `${answerStyle.dim("·")} ${oneLine(host)} (the platform was not asked)`
        : `${answerStyle.green("✓")} ${oneLine(accountName(identity))} on ${oneLine(host)}`,
      `  ${KIND_LABELS[kind]} from ${oneLine(source)}, ${expirationText(expiresAtMs)}`,
      ...(hidden.length === 0 ? [] : [`  Ignored: ${oneLine(hidden.join(", "))}`]),
    ];
    return output.result(document, () => lines.join("\n"));
  },
});
