/** What the checks judge. Each fact is found by itself, so that one failure hides no other. */

import { fallbackTo, ResponseLost, Unreachable } from "../../errors.ts";
import { createClient, detectApiVersion } from "../../platform/create_client.ts";
import { baseUrlOf } from "../../platform/credentials/api_key.ts";
import { findCredential } from "../../platform/credentials/credentials.ts";
import type { CredentialOptions } from "../../platform/credentials/sources.ts";
import { checkHealth, getWorkspaceStatus } from "../../platform/host_check.ts";
import { createHttp } from "../../platform/http.ts";
import { inspectStore, storeFacts } from "../../store/inspect.ts";
import { openKv, shownName, sqlitePathOf } from "../../store/open_kv.ts";
import type { Context } from "../context.ts";
import type { Invocation } from "../command.ts";
import { credentialDeps, ignoredSources, logToOutput, readCaCertOption } from "../open_client.ts";
import { dotenvText } from "../settings.ts";
import { runStoreName } from "../state_path.ts";

/** A fact that is missing is a rejected promise. */
export type DoctorFacts = Awaited<ReturnType<typeof gatherFacts>>;

/** A fact that cannot be found, because another one is missing. */
export class Skipped extends Error {
  override readonly name = "Skipped";
}

const REQUEST_TIMEOUT_MS = 10_000;

/** Starts finding every fact. */
export async function gatherFacts({ context, output, values, signal }: Invocation) {
  const { clock, random, fetch } = context;
  const caCerts = await readCaCertOption(context, values);
  const parts = { fetch, clock, random, log: logToOutput(output), caCerts, requestTimeoutMs: REQUEST_TIMEOUT_MS };
  const once = { signal, retry: "none" } as const;

  const found = started(() => inspectCredential(context, values));
  const key = found.then(({ credential }) => credential, () => null);
  const http = started(async () => {
    // Lets the connection be checked without a key.
    const baseUrl = baseUrlOf(context.env("PW_PLATFORM_HOST") ?? "");
    const credential = await key ?? (baseUrl === null ? null : { baseUrl, authorization: null });
    if (credential === null) throw new Skipped("needs a key, which names the host");
    return createHttp({ ...parts, credential });
  });
  const health = started(async () => checkHealth(await http, once));
  const identity = started(async () => {
    const credential = await key;
    if (credential === null) throw new Skipped("needs a valid key");
    await health.catch((error) => {
      if (isConnectionFailure(error)) throw new Skipped("needs a connection");
    });
    return await createClient({ ...parts, credential }).whoAmI(once);
  });
  /** The account first: a server that refuses the key refuses it for every other request too. */
  const accepted = started(async () => {
    await identity.catch((error) =>
      Promise.reject(error instanceof Skipped ? error : new Skipped("needs the account"))
    );
    return await http;
  });
  return {
    context,
    values,
    /** Names in the working folder's `.env`; `null` where none is read. */
    dotenv: started(async () => {
      const text = await dotenvText(context);
      if (text === undefined) return null;
      return (await import("../../platform/credentials/dotenv_file.ts")).readDotenv(text);
    }),
    credential: found,
    http,
    health,
    identity,
    apiVersion: started(async () => detectApiVersion(await accepted, once)),
    /** `null` if the server has no such endpoint. */
    workspace: started(async () => getWorkspaceStatus(await accepted, once)),
    history: started(async () => inspectHistory(context, (await key)?.host ?? null)),
  };
}

export function isConnectionFailure(error: unknown): boolean {
  return error instanceof Unreachable || error instanceof ResponseLost;
}

/** It is awaited later; until then a rejection is not unhandled. */
function started<T>(find: () => Promise<T>): Promise<T> {
  const fact = find();
  fact.catch(() => {});
  return fact;
}

/** Never prompts: a key from `.env` for another host is a failure here, and is not used. */
async function inspectCredential(context: Context, values: CredentialOptions) {
  const deps = credentialDeps(context, values);
  const warnings: string[] = [];
  const credential = await findCredential({ ...deps, log: (_level, message) => void warnings.push(message) }, values);
  const hidden = await ignoredSources(context, values);
  // The host that the key itself names, if it can be read. Without a clock and programs, nothing is renewed.
  const { readTextFile, dotenvKey, mayRead } = deps;
  const env = (name: string) => name === "PW_PLATFORM_HOST" ? undefined : deps.env(name);
  const own = await findCredential({ env, readTextFile, dotenvKey, mayRead }, values).catch(fallbackTo(null));
  return { credential, hidden, fileWarning: warnings.at(-1), keyHost: own?.host ?? null };
}

/** Its place is a path, or the name of a shared store, without a password. */
async function inspectHistory(context: Context, host: string | null) {
  const { clock, random } = context;
  const name = runStoreName(context);
  const path = sqlitePathOf(name);
  if (path !== undefined) return { ...await inspectStore(path, host), place: path, isShared: false };
  await using kv = openKv(name, { clock, random, maxAttempts: 1, onSetAside: null });
  const state = { type: "sound", ...await storeFacts(kv, host) } as const;
  return { place: shownName(name), isShared: true, state, bytes: 0, mode: null, whyNotWritable: null };
}
