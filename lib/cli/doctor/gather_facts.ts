/** Looks at everything that a run needs, each thing on its own and within a bound: what one lacks keeps no other back. */

import { createClient, defaultUserAgent } from "../../platform/create_client.ts";
import { askHealth, askWorkspace, type Health } from "../../platform/host_check.ts";
import { type Credential, findCredential } from "../../platform/credentials/credentials.ts";
import { createHttp, type Http } from "../../platform/http.ts";
import { baseUrlOf } from "../../platform/credentials/api_key.ts";
import { ResponseLost, RunnerError, Unreachable } from "../../errors.ts";
import { inspectStore, type StoreInspection } from "../../store/inspect.ts";
import type { ServerCapabilities } from "../../capabilities.ts";
import type { Context } from "../context.ts";
import {
  blamingProxy,
  judgeAccount,
  judgeClock,
  judgeConnection,
  judgeCredential,
  judgeRoutes,
  judgeWorkspace,
} from "./host_checks.ts";
import { judgeHistory, judgeVersions } from "./machine_checks.ts";
import { caCertsOf, logTo } from "../open.ts";
import type { Output } from "../output.ts";
import { dotenvOf, lookAtNetwork, lookAtSettings, proxyFor, said } from "./machine_facts.ts";
import { historyPath } from "../state_path.ts";
import { type Check, type CheckName, skipped, type Verdict, verdictOf } from "./check.ts";

export interface ExamineOptions {
  readonly values: { readonly context?: string | undefined; readonly allowHost?: string | undefined };
  readonly signal: AbortSignal;
}

/** For each check. */
const DEADLINE_MS = 10_000;

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
  const parts = { fetch, clock, random, log: logTo(output), caCerts: await caCertsOf(context, values) };
  const http = baseUrl === null ? null : createHttp({
    ...parts,
    credential: { baseUrl, authorization: credential?.authorization ?? null },
    userAgent: defaultUserAgent(),
  });

  const reached = http === null
    ? Promise.resolve<Outcome<Health>>({ verdict: skipped("no host is known without a key"), value: undefined })
    : bounded(`reach ${http.baseUrl}`, (signal) => reach(http, signal));
  const store = bounded("look at the history", () => lookAtLedger(context, credential?.host ?? null));
  const profile = async (): Promise<ServerCapabilities> => {
    const state = (await store).value?.state;
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
        async (signal) => foundWell(judgeRoutes(await client.apiVersion({ signal, retry }), await profile())),
      ),
      bounded(
        "ask how the workspace is",
        async (signal) => foundWell(judgeWorkspace(await askWorkspace(http, { signal }))),
      ),
    ]);
    return { account: account.verdict, routes: routes.verdict, workspace: workspace.verdict };
  }

  const versions = judgeVersions({ program: context.versionLine, ...runtime, os });
  const checks = [
    start("versions", Promise.resolve(versions)),
    start(
      "settings",
      bounded("read the settings", async () => foundWell(await lookAtSettings(context))).then(({ verdict }) => verdict),
    ),
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
    start("history", store.then(({ verdict }) => verdict)),
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
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

function tooLate(act: string, cause: unknown): ResponseLost {
  return new ResponseLost(`Cannot ${act}: no answer within ${DEADLINE_MS / 1000} s`, {
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
  return error instanceof Unreachable || error instanceof ResponseLost;
}

async function lookAtLedger({ env, os }: Context, host: string | null): Promise<Outcome<StoreInspection>> {
  const path = historyPath(env, os);
  const inspection = await inspectStore(path, host);
  return { verdict: judgeHistory(path, inspection), value: inspection };
}
