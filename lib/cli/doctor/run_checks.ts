/** Runs every check by itself and within a deadline, so that one failure does not hide the others. */

import { createClient, defaultUserAgent } from "../../platform/create_client.ts";
import { checkHealth, getWorkspaceStatus, type HostHealth } from "../../platform/host_check.ts";
import { type Credential, type CredentialDeps, findCredential } from "../../platform/credentials/credentials.ts";
import { hiddenSources } from "../../platform/credentials/sources.ts";
import { createHttp, type Http } from "../../platform/http.ts";
import { baseUrlOf } from "../../platform/credentials/api_key.ts";
import { ResponseLost, RunnerError, Unreachable } from "../../errors.ts";
import { inspectStore } from "../../store/inspect.ts";
import { openKv, shownName, sqlitePathOf } from "../../store/open_kv.ts";
import { createRunStore } from "../../store/run_store.ts";
import type { ServerCapabilities } from "../../capabilities.ts";
import type { Context } from "../context.ts";
import {
  checkAccount,
  checkClock,
  checkConnection,
  checkCredential,
  checkRoutes,
  checkWorkspace,
  withProxyHint,
} from "./host_checks.ts";
import { checkHistory, checkNetwork, checkSettings, checkSharedStore, checkVersions } from "./machine_checks.ts";
import { credentialDeps, withoutPrompts } from "../credential.ts";
import { logToOutput, readCaCertOption } from "../open.ts";
import type { Output } from "../output.ts";
import { nonEmpty, proxyVariableFor, readNetworkFacts, readSettingsFacts } from "./machine_facts.ts";
import { runStorePath } from "../state_path.ts";
import { type CheckName, type CheckResult, type DoctorCheck, failedCheckWith, skippedCheckResult } from "./check.ts";

export interface RunChecksOptions {
  readonly values: { readonly context?: string | undefined; readonly allowHost?: string | undefined };
  readonly signal: AbortSignal;
}

/** For each check. */
const DEADLINE_MS = 10_000;

/** Yields the checks in a fixed order, each as soon as it and those before it are done. */
export async function* runChecks(
  context: Context,
  output: Output,
  { values, signal }: RunChecksOptions,
): AsyncGenerator<DoctorCheck, void> {
  const { clock, random, fetch, os, runtime } = context;
  const bounded = boundedBy(context, signal);
  const start = (name: CheckName, pending: Promise<CheckResult>): Promise<DoctorCheck> => {
    const check = pending.then((result) => ({ ...result, name }));
    // It is awaited later, in order; until then a rejection is not unhandled.
    check.catch(() => {});
    return check;
  };

  const { result: credentialResult, value: credential } = await bounded(
    "find a credential",
    () => inspectCredential(context, values),
  );
  const baseUrl = credential?.baseUrl ?? hostFromEnvironment(context);
  const parts = { fetch, clock, random, log: logToOutput(output), caCerts: await readCaCertOption(context, values) };
  const http = baseUrl === null ? null : createHttp({
    ...parts,
    credential: credential ?? { baseUrl, authorization: null },
    userAgent: defaultUserAgent(),
  });

  const connection = http === null
    ? Promise.resolve<Inspected<HostHealth>>({
      result: skippedCheckResult("needs a key, which names the host"),
      value: undefined,
    })
    : bounded(`reach ${http.baseUrl}`, (signal) => inspectConnection(http, signal));
  const store = bounded("inspect the local history", () => inspectHistory(context, credential?.host ?? null));
  const capabilities = async (): Promise<ServerCapabilities> => {
    return (await store).value ?? {};
  };
  const serverChecks = checkServer();
  serverChecks.catch(() => {});

  /** The account first: a server that refuses the key refuses it for every other request too. */
  async function checkServer(): Promise<Readonly<Record<"account" | "routes" | "workspace", CheckResult>>> {
    const { result, error } = await connection;
    const isConnected = result.status !== "skipped" && !isConnectionFailure(error);
    if (credential === undefined || http === null || !isConnected) {
      const reason = skippedCheckResult(credential === undefined ? "needs a valid key" : "needs a connection");
      return { account: reason, routes: reason, workspace: reason };
    }
    const client = createClient({ ...parts, credential });
    const retry = "none";
    const account = await bounded(
      "get the account",
      async (signal) => withoutValue(checkAccount(await client.whoAmI({ signal, retry }))),
    );
    if (account.result.status === "failed") {
      const reason = skippedCheckResult("needs the account");
      return { account: account.result, routes: reason, workspace: reason };
    }
    const [routes, workspace] = await Promise.all([
      bounded(
        "detect the API version",
        async (signal) => withoutValue(checkRoutes(await client.apiVersion({ signal, retry }), await capabilities())),
      ),
      bounded(
        "get the workspace status",
        async (signal) => withoutValue(checkWorkspace(await getWorkspaceStatus(http, { signal }))),
      ),
    ]);
    return { account: account.result, routes: routes.result, workspace: workspace.result };
  }

  const versions = checkVersions({ program: context.versionLine, ...runtime, os });
  const settings = bounded(
    "read the settings",
    async () => withoutValue(checkSettings(await readSettingsFacts(context))),
  );
  const checks = [
    start("versions", Promise.resolve(versions)),
    start("settings", settings.then(({ result }) => result)),
    start("network", Promise.resolve(checkNetwork(readNetworkFacts(context)))),
    start("credential", Promise.resolve(credentialResult)),
    start(
      "connection",
      connection.then(({ result, error }) =>
        isConnectionFailure(error) ? withProxyHint(result, proxyVariableFor(context, baseUrl)) : result
      ),
    ),
    start(
      "clock",
      connection.then(({ value }) =>
        value === undefined ? skippedCheckResult("needs a connection") : checkClock(value)
      ),
    ),
    start("account", serverChecks.then(({ account }) => account)),
    start("routes", serverChecks.then(({ routes }) => routes)),
    start("workspace", serverChecks.then(({ workspace }) => workspace)),
    start("history", store.then(({ result }) => result)),
  ];
  for (const check of checks) yield await check;
}

/** A check's result with the value it was made from, where another check needs that value. */
interface Inspected<T> {
  readonly result: CheckResult;
  readonly value: T | undefined;
  readonly error?: unknown;
}

const withoutValue = (result: CheckResult): Inspected<undefined> => ({ result, value: undefined });

/** Makes a check return a result in every case, at its deadline at the latest. */
function boundedBy({ clock }: Context, signal: AbortSignal) {
  return async <T>(
    action: string,
    inspect: (signal: AbortSignal) => Promise<Inspected<T>>,
  ): Promise<Inspected<T>> => {
    using deadline = clock.timeout(DEADLINE_MS);
    const within = AbortSignal.any([signal, deadline.signal]);
    try {
      return await Promise.race([inspect(within), rejectOnAbort(within)]);
    } catch (cause) {
      signal.throwIfAborted();
      const isLate = deadline.signal.aborted && !(cause instanceof RunnerError);
      const error = isLate ? deadlineExceeded(action, cause) : cause;
      return { result: failedCheckWith(error), value: undefined, error };
    }
  };
}

/** Some operations can't be aborted, like reading a file on a hanging network mount: those are abandoned. */
function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

function deadlineExceeded(action: string, cause: unknown): ResponseLost {
  return new ResponseLost(`Cannot ${action}: no response within ${DEADLINE_MS / 1000} s`, {
    hint: "Check the network, HTTPS_PROXY and NO_PROXY, and whether a file system hangs",
    cause,
  });
}

/** Never asks: a key from `.env` for another host is a failure here, and is not used. */
async function inspectCredential(
  context: Context,
  values: RunChecksOptions["values"],
): Promise<Inspected<Credential>> {
  const { env, clock } = context;
  const deps = credentialDeps(context, values);
  let fileWarning: string | null = null;
  const log = (_level: string, message: string) => void (fileWarning = message);
  const credential = await findCredential({ ...deps, log }, values);
  const platformHost = nonEmpty(env("PW_PLATFORM_HOST"));
  const keyHost = platformHost === undefined ? null : await keyHostOf(deps, values);
  const isHostChosen = platformHost !== undefined || credential.source === ".env";
  const allowHost = nonEmpty(values.allowHost) ?? null;
  const result = checkCredential({
    credential,
    hidden: await hiddenSources(withoutPrompts(deps), values),
    ignoredContext: credential.source === "PW_API_KEY" ? nonEmpty(env("PW_CONTEXT")) ?? null : null,
    fileWarning,
    keyHost: keyHost === credential.host ? null : keyHost,
    unusedAllowHost: !isHostChosen && allowHost !== credential.host ? allowHost : null,
    nowMs: clock.now(),
  });
  return { result, value: credential };
}

/** The host that the key itself names; `null` when it can't be read. Renews nothing. */
async function keyHostOf(
  { env, readTextFile, dotenvKey, mayRead }: CredentialDeps,
  values: RunChecksOptions["values"],
): Promise<string | null> {
  const envWithoutHost = (name: string) => name === "PW_PLATFORM_HOST" ? undefined : env(name);
  try {
    return (await findCredential({ env: envWithoutHost, readTextFile, dotenvKey, mayRead }, values)).host;
  } catch (error) {
    if (error instanceof RunnerError) return null;
    throw error;
  }
}

/** Lets the connection be checked without a key. */
function hostFromEnvironment({ env }: Context): string | null {
  const host = nonEmpty(env("PW_PLATFORM_HOST"));
  return host === undefined ? null : baseUrlOf(host);
}

async function inspectConnection(http: Http, signal: AbortSignal): Promise<Inspected<HostHealth>> {
  const health = await checkHealth(http, { signal });
  return { result: checkConnection(http.baseUrl, health), value: health };
}

function isConnectionFailure(error: unknown): boolean {
  return error instanceof Unreachable || error instanceof ResponseLost;
}

async function inspectHistory(context: Context, host: string | null): Promise<Inspected<ServerCapabilities>> {
  const { env, os, clock, random } = context;
  const name = env("PW_STORE_URL") || runStorePath(env, os);
  const path = sqlitePathOf(name);
  if (path !== undefined) {
    const inspection = await inspectStore(path, host);
    const { state } = inspection;
    return { result: checkHistory(path, inspection), value: state.type === "sound" ? state.capabilities : undefined };
  }
  await using kv = openKv(name, { clock, random, maxAttempts: 1, onSetAside: null });
  const store = createRunStore(kv);
  const open = await Array.fromAsync(kv.list({ prefix: ["open", "local"] }));
  const records = (await kv.get<number>(["count", "all"])).value ?? 0;
  const result = checkSharedStore(shownName(name), { records, open: open.length });
  return { result, value: host === null ? {} : await store.capabilities(host) };
}
