/** Puts the real parts together for a command: the key that this call uses, what it opens, and what is remembered. */

import type { Client } from "../platform/client.ts";
import { createClient } from "../platform/create_client.ts";
import { findCredential } from "../platform/credentials/credentials.ts";
import { StorageError } from "../errors.ts";
import type { Deps } from "../runs/deps.ts";
import { openKv } from "../store/open_kv.ts";
import { createRunStore, type RunStore } from "../store/run_store.ts";
import type { Log } from "../log.ts";
import type { Context } from "./context.ts";
import type { Output } from "./output.ts";
import { oneLine } from "../escape.ts";
import { historyPath } from "./state_path.ts";

/** What opening needs of a command's call. */
export interface OpenCall {
  readonly context: Context;
  readonly output: Output;
  readonly values: {
    readonly context?: string | undefined;
    readonly allowHost?: string | undefined;
    readonly cacert?: string | undefined;
  };
}

/**
 * What the history is to a command: `needed` where something must be written down before it is done, `welcome` where
 * it only helps, `none` where somebody does without.
 */
export type HistoryUse = "needed" | "welcome" | "none";

/** Deps that are to be closed. */
export type OpenDeps = Deps & AsyncDisposable;

/**
 * @throws CredentialError when there is no key that can be used; NotFound or UsageError when the authorities to trust
 * can't be read.
 */
export async function openClient({ context, output, values }: OpenCall): Promise<Client> {
  const { clock, env, random, fetch, readTextFile } = context;
  const credential = await findCredential({ env, readTextFile }, values);
  const caCerts = await caCertsOf(context, values);
  return createClient({ credential, fetch, clock, random, log: logTo(output), caCerts });
}

/** @throws As {@link openClient}. A history that can't be opened is told when it is used. */
export async function openDeps(call: OpenCall, history: HistoryUse = "welcome"): Promise<OpenDeps> {
  const { clock, random } = call.context;
  const client = await openClient(call);
  const store = openHistory(call, history);
  const close = () => store[Symbol.asyncDispose]();
  return { client, store, clock, random, log: logTo(call.output), [Symbol.asyncDispose]: close };
}

/** The local history of this user and machine, or the store that PW_STORE_URL names; opened when it is first used. */
export function openHistory({ context, output }: Pick<OpenCall, "context" | "output">, use: HistoryUse): RunStore {
  const { clock, random, env, os } = context;
  const options = { clock, random, onSetAside: (text: string) => output.say("WARNING", text) };
  if (use === "none") return createRunStore(openKv("memory:", options));
  const warn = (error: StorageError) => output.say("WARNING", error.message);
  const onUnusable = use === "needed" ? undefined : warn;
  try {
    return createRunStore(openKv(env("PW_STORE_URL") || historyPath(env, os), { ...options, onUnusable }));
  } catch (error) {
    if (use === "needed" || !(error instanceof StorageError)) throw error;
    warn(error);
    return createRunStore(openKv("memory:", options));
  }
}

/** Without such a wish nothing is loaded or made for it: connections are then the runtime's own. */
export async function caCertsOf(context: Context, values: OpenCall["values"]): Promise<readonly string[] | undefined> {
  const fromEnv = context.env("PW_CA_CERT") ?? "";
  const spec = values.cacert !== undefined
    ? { path: values.cacert, source: "--cacert" }
    : { path: fromEnv, source: "PW_CA_CERT" };
  if (spec.path === "") return undefined;
  const { readCaCerts } = await import("./ca_certs.ts");
  return await readCaCerts(context, spec);
}

/** The diary of what works below. */
export function logTo(output: Output): Log {
  return (level, message) => output.say(level, output.style.dim(oneLine(message)));
}
