/** Puts the real parts together for a command: the key that this call uses, and what it opens. */

import type { Client } from "../client/client.ts";
import { createClient } from "../client/create_client.ts";
import { findCredential } from "../client/credentials.ts";
import type { Deps } from "../executor/deps.ts";
import type { Log } from "../log.ts";
import type { Context } from "./context.ts";
import type { Output } from "./output.ts";

/** What opening needs of a command's call. */
export interface OpenCall {
  readonly context: Context;
  readonly output: Output;
  readonly values: { readonly context?: string | undefined; readonly allowHost?: string | undefined };
}

/** @throws CredentialError when there is no key that can be used. */
export async function openClient({ context, output, values }: OpenCall): Promise<Client> {
  const { clock, env, random, fetch, readTextFile } = context;
  const credential = await findCredential({ env, readTextFile }, values);
  return createClient({ credential, fetch, clock, random, log: logTo(output) });
}

/** @throws CredentialError when there is no key that can be used. */
export async function openDeps(call: OpenCall): Promise<Deps> {
  const { memoryLedger } = await import("../ledger/memory.ts");
  const { clock, random } = call.context;
  return { client: await openClient(call), ledger: memoryLedger(), clock, random, log: logTo(call.output) };
}

function logTo(output: Output): Log {
  return (level, message) => output.say(level, output.style.dim(message));
}
