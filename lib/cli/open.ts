/** Opens what a command works with: the API key, the client and the run store. */

import type { Client } from "../platform/client.ts";
import type { ApiVersionCache } from "../platform/api_version.ts";
import { createClient } from "../platform/create_client.ts";
import type { Credential, CredentialOptions } from "../platform/credentials/credentials.ts";
import { StorageError } from "../errors.ts";
import type { Deps } from "../runs/deps.ts";
import { apiVersionCache } from "../runs/server_capabilities.ts";
import { lazyBackend, withAlternative } from "../store/backend.ts";
import { createKv } from "../store/kv.ts";
import { openKv } from "../store/open_kv.ts";
import { memoryRunStore } from "../store/memory_kv.ts";
import { createRunStore, type RunStore } from "../store/run_store.ts";
import type { Log } from "../log.ts";
import type { Context } from "./context.ts";
import { openCredential } from "./credential.ts";
import type { Output } from "./output.ts";
import { oneLine } from "../escape.ts";
import { runStorePath } from "./state_path.ts";

export interface OpenInvocation {
  readonly context: Context;
  readonly output: Output;
  readonly values: CredentialOptions & { readonly cacert?: string | undefined };
}

/**
 * How a command uses the local history: `required` if a submission must be stored before it is sent, `optional` if the
 * command works without it, `none` if it is turned off.
 */
export type HistoryUse = "required" | "optional" | "none";

export type OpenDeps = Deps & AsyncDisposable;

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

/**
 * @param alternative As for {@link openRunStore}.
 * @throws As {@link openClient}. The store is opened on first use, and throws then.
 */
export async function openDeps(
  invocation: OpenInvocation,
  history: HistoryUse = "optional",
  alternative?: string,
): Promise<OpenDeps> {
  const { clock, random } = invocation.context;
  const credential = await openCredential(invocation);
  const store = openRunStore(invocation, history, alternative);
  const parts = { store, clock, random, log: logToOutput(invocation.output) };
  const client = await clientFor(invocation, credential, apiVersionCache(parts, credential.host));
  return { ...parts, client, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
}

/**
 * The local history of this user and machine, or the store that PW_STORE_URL names; opened on first use.
 *
 * @param alternative What to do without it, for the hints of its errors.
 */
export function openRunStore(
  { context, output }: Pick<OpenInvocation, "context" | "output">,
  history: HistoryUse,
  alternative?: string,
): RunStore {
  const { clock, random, env, os } = context;
  const warn = (message: string) => output.log("WARNING", message);
  const options = { clock, random, alternative, onSetAside: warn };
  if (history === "none") return memoryRunStore();
  const onUnusable = history === "required" ? undefined : ({ message }: StorageError) => warn(message);
  try {
    return createRunStore(openKv(env("PW_STORE_URL") || runStorePath(env, os), { ...options, onUnusable }), warn);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    if (history === "required") {
      return createRunStore(createKv(lazyBackend(() => Promise.reject(withAlternative(error, alternative)))));
    }
    warn(error.message);
    return memoryRunStore();
  }
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
