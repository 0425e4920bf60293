/** Opens the client of a command. Apart from the run store, which not every command needs: each start would load it. */

import type { Client } from "../platform/client.ts";
import { type ClientOptions, createClient } from "../platform/create_client.ts";
import { type Credential, findCredential } from "../platform/credentials/credentials.ts";
import {
  type CredentialDeps,
  type CredentialOptions,
  hiddenSources,
  type HostQuestion,
} from "../platform/credentials/sources.ts";
import { oneLine } from "../escape.ts";
import type { Log } from "../log.ts";
import type { Invocation } from "./command.ts";
import { askYesNo, canAsk } from "./confirm.ts";
import type { Context } from "./context.ts";
import type { Output } from "./output.ts";

/**
 * @throws CredentialError if there is no usable API key; UsageError if the CA certificates can't be read.
 */
export async function openClient(invocation: Invocation): Promise<Client> {
  return await clientFor(invocation, await openCredential(invocation));
}

/** @throws UsageError if the CA certificates can't be read. */
export async function clientFor(
  { context, output, values }: Invocation,
  credential: Credential,
  store?: ClientOptions["store"],
): Promise<Client> {
  const { clock, random, fetch } = context;
  const caCerts = await readCaCertOption(context, values);
  return createClient({ credential, fetch, clock, random, log: logToOutput(output), caCerts, store });
}

/** @throws As `findCredential`. */
export async function openCredential({ context, output, values }: Omit<Invocation, "signal">): Promise<Credential> {
  const confirmHost = ({ keyHost, currentHost, currentContext }: HostQuestion) =>
    askYesNo(
      { context, output },
      `The API key from .env is for ${oneLine(keyHost)}, but your current context ${oneLine(currentContext)} is for ` +
        `${oneLine(currentHost)}.\nSend requests and inputs to ${oneLine(keyHost)}?`,
    );
  const credential = await findCredential({
    ...credentialDeps(context, values),
    log: (level, message) => output.log(level, oneLine(message)),
    ...(canAsk(context) ? { confirmHost } : {}),
  }, values);
  if (output.shows("DEBUG")) {
    output.log("DEBUG", `Using the API key from ${oneLine(credential.source)} for ${oneLine(credential.baseUrl)}`);
    for (const hidden of await ignoredSources(context, values)) {
      output.log("DEBUG", `${oneLine(hidden)} is ignored: ${oneLine(credential.source)} takes precedence`);
    }
  }
  return credential;
}

/** What a context provides for finding a credential. */
export function credentialDeps(
  { env, mayReadEnv, dotenvKey, mayRead, readTextFile, clock, runProgram }: Context,
  { context, enteredKey }: CredentialOptions,
): CredentialDeps & { readonly mayRead: (path: string) => boolean } {
  // The system prompts for the permission to read PW_API_KEY, which is not needed if another source is stronger.
  const isKeyNeeded = context === undefined && enteredKey === undefined;
  const optionalEnv = (name: string) =>
    name !== "PW_API_KEY" || isKeyNeeded || mayReadEnv(name) ? env(name) : undefined;
  return { env: optionalEnv, dotenvKey, mayRead, readTextFile, clock, runProgram };
}

/** What is only reported: sources that a stronger one hides. A file that needs a permission prompt counts as missing. */
export async function ignoredSources(context: Context, values: CredentialOptions): Promise<readonly string[]> {
  const deps = credentialDeps(context, values);
  const readTextFile = (path: string) =>
    deps.mayRead(path) ? deps.readTextFile(path) : Promise.reject(new Deno.errors.NotFound(path));
  return await hiddenSources({ ...deps, readTextFile }, values);
}

/** `undefined` if no CA file is set: connections then use the runtime's defaults, and nothing is loaded. */
export async function readCaCertOption(
  context: Context,
  values: Invocation["values"],
): Promise<readonly string[] | undefined> {
  const path = values.cacert ?? context.env("PW_CA_CERT")?.trim() ?? "";
  if (path === "") return undefined;
  const { readCaCerts } = await import("./ca_certs.ts");
  return await readCaCerts(context, path, values.cacert === undefined ? "PW_CA_CERT" : "--cacert");
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
