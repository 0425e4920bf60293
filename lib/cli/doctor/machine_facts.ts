/** Where the program's settings come from on this machine: variables by their names, and a `.env`. */

import { UsageError } from "../../errors.ts";
import { LOG_LEVELS } from "../../log.ts";
import type { Context } from "../context.ts";
import { judgeNetwork, judgeSettings } from "./machine_checks.ts";
import { parseDuration } from "../../duration.ts";
import { dotenvText } from "../settings.ts";
import type { Verdict } from "./check.ts";

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

/** Proxies and certificates that the runtime was told of. */
export function lookAtNetwork({ env, mayReadEnv }: Context): Verdict {
  const seen = NETWORK_VARIABLES.filter(mayReadEnv);
  return judgeNetwork({
    variables: seen.flatMap((name) => {
      const value = said(env(name));
      return value === undefined ? [] : [{ name, value }];
    }),
    hidden: NETWORK_VARIABLES.filter((name) => !seen.includes(name)),
  });
}

/** Which of our variables are set, here or in a `.env`. */
export async function lookAtSettings(context: Context): Promise<Verdict> {
  const { env, mayRead, mayReadEnv } = context;
  const dotenv = await dotenvOf(context);
  const seen = OUR_VARIABLES.filter(mayReadEnv);
  return judgeSettings({
    dotenv,
    mayReadDotenv: mayRead(".env"),
    set: seen.filter((name) => said(env(name)) !== undefined && dotenv?.values(name) !== env(name)),
    hidden: OUR_VARIABLES.filter((name) => !seen.includes(name)),
    unusable: unusableOf(env),
  });
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

/** What a `.env` gives; `null` where none is read. */
export async function dotenvOf(context: Context) {
  const text = await dotenvText(context);
  if (text === undefined) return null;
  const { envWithDotenv, namesInDotenv } = await import("../../platform/credentials/dotenv_file.ts");
  return { ...namesInDotenv(text), values: envWithDotenv(() => undefined, text) };
}

/** The variable that names a proxy for such an address, if one does. */
export function proxyFor({ env }: Context, baseUrl: string | null): string | null {
  const names = [baseUrl?.startsWith("http:") ? "HTTP_PROXY" : "HTTPS_PROXY", "ALL_PROXY"];
  return names.flatMap((name) => [name, name.toLowerCase()]).find((name) => said(env(name)) !== undefined) ?? null;
}

/** What is set and not empty. */
export function said(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === "" ? undefined : text.trim();
}
