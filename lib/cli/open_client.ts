/** Opens the client of a command. Apart from the run store, which not every command needs: each start would load it. */

import type { Client } from "../platform/client.ts";
import { type ApiVersionCache, createClient } from "../platform/create_client.ts";
import type { Credential, CredentialOptions } from "../platform/credentials/credentials.ts";
import { oneLine } from "../escape.ts";
import type { Log } from "../log.ts";
import type { Context } from "./context.ts";
import { openCredential } from "./credential.ts";
import type { Output } from "./output.ts";

export interface OpenInvocation {
  readonly context: Context;
  readonly output: Output;
  readonly values: CredentialOptions & { readonly cacert?: string | undefined };
}

/**
 * @throws CredentialError if there is no usable API key; UsageError if the CA certificates can't be read.
 */
export async function openClient(invocation: OpenInvocation): Promise<Client> {
  return await clientFor(invocation, await openCredential(invocation));
}

/** @throws UsageError if the CA certificates can't be read. */
export async function clientFor(
  { context, output, values }: OpenInvocation,
  credential: Credential,
  apiVersionCache?: ApiVersionCache,
): Promise<Client> {
  const { clock, random, fetch } = context;
  const caCerts = await readCaCertOption(context, values);
  return createClient({ credential, fetch, clock, random, log: logToOutput(output), caCerts, apiVersionCache });
}

/** `undefined` if no CA file is set: connections then use the runtime's defaults, and nothing is loaded. */
export async function readCaCertOption(
  context: Context,
  values: OpenInvocation["values"],
): Promise<readonly string[] | undefined> {
  const fromEnv = context.env("PW_CA_CERT") ?? "";
  const spec = values.cacert !== undefined
    ? { path: values.cacert, source: "--cacert" }
    : { path: fromEnv, source: "PW_CA_CERT" };
  if (spec.path === "") return undefined;
  const { readCaCerts } = await import("./ca_certs.ts");
  return await readCaCerts(context, spec);
}

/** A log whose lines are dimmed and escaped, and which states a warning once: a store that fails does so at each use. */
export function logToOutput(output: Output): Log {
  const warnings = new Set<string>();
  return (level, message) => {
    if (warnings.has(message)) return;
    if (level === "WARNING") warnings.add(message);
    output.log(level, output.style.dim(oneLine(message)));
  };
}
