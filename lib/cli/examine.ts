/** Looks at everything that a run needs, each thing on its own and within a bound: what one lacks keeps no other back. */

import { createClient, defaultUserAgent } from "../client/create_client.ts";
import { askHealth, askWorkspace, type Health } from "../client/checkup.ts";
import { type Credential, findCredential } from "../client/credentials.ts";
import { createHttp, type Http } from "../client/http.ts";
import { baseUrlOf } from "../client/key_form.ts";
import { AnswerLost, RunnerError, Unreachable, UsageError } from "../errors.ts";
import { inspectLedger, type LedgerInspection } from "../ledger/inspect.ts";
import { LOG_LEVELS } from "../log.ts";
import type { HostProfile } from "../model.ts";
import { VERSION_LINE } from "../version.ts";
import type { Context } from "./context.ts";
import {
  blamingProxy,
  type Check,
  type CheckName,
  judgeAccount,
  judgeClock,
  judgeConnection,
  judgeCredential,
  judgeHistory,
  judgeNetwork,
  judgeRoutes,
  judgeSettings,
  judgeVersions,
  judgeWorkspace,
  skipped,
  type Verdict,
  verdictOf,
} from "./diagnose.ts";
import { logTo } from "./open.ts";
import { parseDuration } from "./duration.ts";
import type { Output } from "./output.ts";
import { dotenvText } from "./settings.ts";
import { ledgerPath } from "./state_path.ts";

export interface ExamineOptions {
  readonly values: { readonly context?: string | undefined; readonly allowHost?: string | undefined };
  readonly signal: AbortSignal;
}

/** For each check. */
const DEADLINE_MS = 10_000;

const OUR_VARIABLES = [
  "PW_API_KEY",
  "PW_CONTEXT",
  "PW_PLATFORM_HOST",
  "PW_CREDENTIALS_DIR",
  "PW_STATE_DIR",
  "PW_TIMEOUT",
  "PW_LOG_LEVEL",
  "NO_COLOR",
];

/** The runtime reads these by itself, in either case. */
const NETWORK_VARIABLES = [
  ...["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"].flatMap((name) => [name, name.toLowerCase()]),
  "DENO_CERT",
  "DENO_TLS_CA_STORE",
  "PW_CA_CERT",
];

/** Everything that is looked at, in one order, each as soon as it is known. */
export async function* examine(
  context: Context,
  output: Output,
  { values, signal }: ExamineOptions,
): AsyncGenerator<Check, void> {
  const { clock, random, fetch, os, runtime } = context;
  const bounded = boundedBy(context, signal);
  const start = (name: CheckName, verdict: Promise<Verdict>): Promise<Check> => {
    const check = verdict.then((verdict) => ({ ...verdict, name }));
    // It is waited for in its turn; until then its end is nobody's defect.
    check.catch(() => {});
    return check;
  };

  const found = bounded("look for the key", () => findKey(context, values));
  const { verdict: credentialVerdict, value: credential } = await found;
  const baseUrl = credential?.baseUrl ?? hostWithoutKey(context);
  const parts = { fetch, clock, random, log: logTo(output) };
  const http = baseUrl === null ? null : createHttp({
    ...parts,
    credential: { baseUrl, authorization: credential?.authorization ?? null },
    userAgent: defaultUserAgent(),
  });

  const reached = http === null
    ? Promise.resolve<Outcome<Health>>({ verdict: skipped("no host is known without a key"), value: undefined })
    : bounded(`reach ${http.baseUrl}`, (signal) => reach(http, signal));
  const ledger = bounded("look at the history", () => lookAtLedger(context, credential?.host ?? null));
  const profile = async (): Promise<HostProfile> => {
    const state = (await ledger).value?.state;
    return state?.type === "sound" ? state.profile : {};
  };
  const asked = askAll();
  asked.catch(() => {});

  /** One after the other, for what refuses a key refuses it everywhere. */
  async function askAll(): Promise<Readonly<Record<"account" | "routes" | "workspace", Verdict>>> {
    const { verdict, error } = await reached;
    const isReached = verdict.status !== "skipped" && !isNoAnswer(error);
    if (credential === undefined || http === null || !isReached) {
      const why = skipped(credential === undefined ? "needs a key that can be used" : "needs a connection");
      return { account: why, routes: why, workspace: why };
    }
    const client = createClient({ ...parts, credential });
    const retry = "none";
    const account = await bounded(
      "ask whose key it is",
      async (signal) => foundWell(judgeAccount(await client.whoAmI({ signal, retry }))),
    );
    if (account.verdict.status === "failed") {
      const why = skipped("needs an account that answers");
      return { account: account.verdict, routes: why, workspace: why };
    }
    const [routes, workspace] = await Promise.all([
      bounded(
        "ask which routes it speaks",
        async (signal) => foundWell(judgeRoutes(await client.routes({ signal, retry }), await profile())),
      ),
      bounded(
        "ask how the workspace is",
        async (signal) => foundWell(judgeWorkspace(await askWorkspace(http, { signal }))),
      ),
    ]);
    return { account: account.verdict, routes: routes.verdict, workspace: workspace.verdict };
  }

  const versions = judgeVersions({ program: VERSION_LINE, ...runtime, os });
  const checks = [
    start("versions", Promise.resolve(versions)),
    start("settings", bounded("read the settings", () => lookAtSettings(context)).then(({ verdict }) => verdict)),
    start("network", Promise.resolve(lookAtNetwork(context))),
    start("credential", Promise.resolve(credentialVerdict)),
    start(
      "connection",
      reached.then(({ verdict, error }) =>
        isNoAnswer(error) ? blamingProxy(verdict, proxyFor(context, baseUrl)) : verdict
      ),
    ),
    start(
      "clock",
      reached.then(({ value }) => value === undefined ? skipped("needs a connection") : judgeClock(value)),
    ),
    start("account", asked.then(({ account }) => account)),
    start("routes", asked.then(({ routes }) => routes)),
    start("workspace", asked.then(({ workspace }) => workspace)),
    start("history", ledger.then(({ verdict }) => verdict)),
  ];
  for (const check of checks) yield await check;
}

/** A verdict, and what it was made of where there is such a thing. */
interface Outcome<T> {
  readonly verdict: Verdict;
  readonly value: T | undefined;
  /** What kept it from being looked at. */
  readonly error?: unknown;
}

const foundWell = (verdict: Verdict): Outcome<undefined> => ({ verdict, value: undefined });

/** Has a check end, by itself or at its deadline, with a verdict in any case. */
function boundedBy({ clock }: Context, signal: AbortSignal) {
  return async <T>(act: string, look: (signal: AbortSignal) => Promise<Outcome<T>>): Promise<Outcome<T>> => {
    using deadline = clock.timeout(DEADLINE_MS);
    const within = AbortSignal.any([signal, deadline.signal]);
    try {
      return await Promise.race([look(within), whenAborted(within)]);
    } catch (cause) {
      signal.throwIfAborted();
      const isLate = deadline.signal.aborted && !(cause instanceof RunnerError);
      const error = isLate ? tooLate(act, cause) : cause;
      return { verdict: verdictOf(error), value: undefined, error };
    }
  };
}

/** Not everything can be given up in the middle: a file on a network that hangs is left to itself. */
function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

function tooLate(act: string, cause: unknown): AnswerLost {
  return new AnswerLost(`Cannot ${act}: no answer within ${DEADLINE_MS / 1000} s`, {
    hint: "Check the network, HTTPS_PROXY and NO_PROXY, and whether a file system hangs",
    cause,
  });
}

async function findKey(
  context: Context,
  values: ExamineOptions["values"],
): Promise<Outcome<Credential>> {
  const { env, readTextFile, clock } = context;
  const credential = await findCredential({ env, readTextFile }, values);
  const isOfEnvironment = credential.source === "PW_API_KEY";
  const names = [{ name: said(values.context), by: "--context" }, { name: said(env("PW_CONTEXT")), by: "PW_CONTEXT" }];
  const beaten = names.find(({ name }) => name !== undefined);
  const asked = said(env("PW_PLATFORM_HOST"));
  const own = asked === undefined ? null : await ownHostOf(context, values);
  const verdict = judgeCredential({
    credential,
    isFromDotenv: isOfEnvironment && (await dotenvOf(context))?.values("PW_API_KEY") === env("PW_API_KEY"),
    beatenContext: isOfEnvironment && beaten?.name !== undefined ? { name: beaten.name, by: beaten.by } : null,
    ownHost: own === credential.host ? null : own,
    idleAllowHost: asked === undefined && said(values.allowHost) !== credential.host
      ? said(values.allowHost) ?? null
      : null,
    nowMs: clock.now(),
  });
  return { verdict, value: credential };
}

/** The host that the key itself names. */
async function ownHostOf(
  { env, readTextFile }: Context,
  { context }: ExamineOptions["values"],
): Promise<string | null> {
  const withoutHost = (name: string) => name === "PW_PLATFORM_HOST" ? undefined : env(name);
  try {
    return (await findCredential({ env: withoutHost, readTextFile }, { context })).host;
  } catch (error) {
    if (error instanceof RunnerError) return null;
    throw error;
  }
}

/** Without a key there may still be a host to try. */
function hostWithoutKey({ env }: Context): string | null {
  const host = said(env("PW_PLATFORM_HOST"));
  return host === undefined ? null : baseUrlOf(host);
}

async function reach(http: Http, signal: AbortSignal): Promise<Outcome<Health>> {
  const health = await askHealth(http, { signal });
  return { verdict: judgeConnection(http.baseUrl, health), value: health };
}

function isNoAnswer(error: unknown): boolean {
  return error instanceof Unreachable || error instanceof AnswerLost;
}

/** The variable that names a proxy for such an address, if one does. */
function proxyFor({ env }: Context, baseUrl: string | null): string | null {
  const names = [baseUrl?.startsWith("http:") ? "HTTP_PROXY" : "HTTPS_PROXY", "ALL_PROXY"];
  return names.flatMap((name) => [name, name.toLowerCase()]).find((name) => said(env(name)) !== undefined) ?? null;
}

async function lookAtLedger({ env, os }: Context, host: string | null): Promise<Outcome<LedgerInspection>> {
  const path = ledgerPath(env, os);
  const inspection = await inspectLedger(path, host);
  return { verdict: judgeHistory(path, inspection), value: inspection };
}

function lookAtNetwork({ env, mayReadEnv }: Context): Verdict {
  const seen = NETWORK_VARIABLES.filter(mayReadEnv);
  return judgeNetwork({
    variables: seen.flatMap((name) => {
      const value = said(env(name));
      return value === undefined ? [] : [{ name, value }];
    }),
    hidden: NETWORK_VARIABLES.filter((name) => !seen.includes(name)),
  });
}

async function lookAtSettings(context: Context): Promise<Outcome<undefined>> {
  const { env, mayRead, mayReadEnv } = context;
  const dotenv = await dotenvOf(context);
  const seen = OUR_VARIABLES.filter(mayReadEnv);
  return foundWell(judgeSettings({
    dotenv,
    mayReadDotenv: mayRead(".env"),
    set: seen.filter((name) => said(env(name)) !== undefined && dotenv?.values(name) !== env(name)),
    hidden: OUR_VARIABLES.filter((name) => !seen.includes(name)),
    unusable: unusableOf(env),
  }));
}

/** Their values stay untold: whoever mixed two variables up may have put the key there. */
function unusableOf(env: Context["env"]): string[] {
  const level = said(env("PW_LOG_LEVEL"))?.toUpperCase();
  const timeout = said(env("PW_TIMEOUT"));
  return [
    ...(level === undefined || LOG_LEVELS.some((known) => known === level)
      ? []
      : [`PW_LOG_LEVEL is none of ${LOG_LEVELS.join(", ")}`]),
    ...(timeout === undefined || isDuration(timeout) ? [] : ["PW_TIMEOUT is not a duration"]),
  ];
}

function isDuration(text: string): boolean {
  try {
    return parseDuration(text) >= 0;
  } catch (error) {
    if (error instanceof UsageError) return false;
    throw error;
  }
}

async function dotenvOf(context: Context) {
  const text = await dotenvText(context);
  if (text === undefined) return null;
  const { envWithDotenv, namesInDotenv } = await import("../client/dotenv_file.ts");
  return { ...namesInDotenv(text), values: envWithDotenv(() => undefined, text) };
}

function said(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === "" ? undefined : text.trim();
}
