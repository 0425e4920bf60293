/** Reads the settings of this machine: environment variables and a `.env` file. */

import { UsageError } from "../../errors.ts";
import { LOG_LEVELS } from "../../log.ts";
import type { Context } from "../context.ts";
import type { NetworkFacts, SettingsFacts } from "./machine_checks.ts";
import { parseDuration } from "../../duration.ts";
import { dotenvText } from "../settings.ts";

const OUR_VARIABLES = [
  "PW_API_KEY",
  "PW_CONTEXT",
  "PW_PLATFORM_HOST",
  "PW_CREDENTIALS_DIR",
  "PW_STATE_DIR",
  "PW_STORE_URL",
  "PW_TIMEOUT",
  "PW_LOG_LEVEL",
  "NO_COLOR",
];

/** The runtime itself reads the proxy variables, in upper and lower case. */
const NETWORK_VARIABLES = [
  ...["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"].flatMap((name) => [name, name.toLowerCase()]),
  "DENO_CERT",
  "DENO_TLS_CA_STORE",
  "PW_CA_CERT",
];

export function readNetworkFacts({ env, mayReadEnv }: Context): NetworkFacts {
  const readable = NETWORK_VARIABLES.filter(mayReadEnv);
  return {
    variables: readable.flatMap((name) => {
      const value = nonEmpty(env(name));
      return value === undefined ? [] : [{ name, value }];
    }),
    denied: NETWORK_VARIABLES.filter((name) => !readable.includes(name)),
  };
}

export async function readSettingsFacts(context: Context): Promise<SettingsFacts> {
  const { env, mayRead, mayReadEnv } = context;
  const dotenv = await dotenvFacts(context);
  const readable = OUR_VARIABLES.filter(mayReadEnv);
  return {
    dotenv,
    mayReadDotenv: mayRead(".env"),
    set: readable.filter((name) => nonEmpty(env(name)) !== undefined && dotenv?.settings.get(name) !== env(name)),
    denied: OUR_VARIABLES.filter((name) => !readable.includes(name)),
    invalid: invalidSettings(env),
  };
}

/** The messages leave the values out: a user who mixed up two variables may have put the key there. */
function invalidSettings(env: Context["env"]): string[] {
  const level = nonEmpty(env("PW_LOG_LEVEL"))?.toUpperCase();
  const timeout = nonEmpty(env("PW_TIMEOUT"));
  return [
    ...(level === undefined || LOG_LEVELS.some((valid) => valid === level)
      ? []
      : [`PW_LOG_LEVEL is not one of ${LOG_LEVELS.join(", ")}`]),
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

/** @returns `null` when there is no `.env`, or no permission to read it. */
async function dotenvFacts(context: Context) {
  const text = await dotenvText(context);
  if (text === undefined) return null;
  const { namesInDotenv, readDotenv } = await import("../../platform/credentials/dotenv_file.ts");
  return { ...await namesInDotenv(text), settings: (await readDotenv(text)).settings };
}

/** The variable that sets a proxy for the URL; `null` when none does. */
export function proxyVariableFor({ env }: Context, baseUrl: string | null): string | null {
  const names = [baseUrl?.startsWith("http:") ? "HTTP_PROXY" : "HTTPS_PROXY", "ALL_PROXY"];
  return names.flatMap((name) => [name, name.toLowerCase()]).find((name) => nonEmpty(env(name)) !== undefined) ?? null;
}

/** The trimmed text; `undefined` when that is empty. */
export function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === "" ? undefined : text.trim();
}
