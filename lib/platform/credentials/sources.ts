/** What selects a credential, and in which order. */

import type { RunProgram } from "../../child_process.ts";
import type { Clock } from "../../clock.ts";
import type { Log } from "../../log.ts";
import { nonBlank } from "../../text.ts";
import { type CredentialFileDeps, searchCredentialsFile } from "./credentials_file.ts";

/** Selects a credential. */
export interface CredentialOptions {
  /** Name of a context in the official CLI's credentials file. It takes precedence over `PW_API_KEY`. */
  readonly context?: string | undefined;
  /** A host that may receive the key although `PW_PLATFORM_HOST` or a `.env` file chose it. */
  readonly allowHost?: string | undefined;
  /** A key that the user has just entered: it takes precedence over everything else. */
  readonly enteredKey?: string | undefined;
}

/** Access to the environment, to files and to the official CLI. */
export interface CredentialDeps extends CredentialFileDeps {
  /** `PW_API_KEY` of a `.env` file, which is weaker than the environment. */
  readonly dotenvKey?: string | undefined;
  /** Whether an optional file may be read without a permission prompt. Default: every file. */
  readonly mayRead?: ((path: string) => boolean) | undefined;
  /** Without a clock, the expiry of a sign-in token is not checked. */
  readonly clock?: Pick<Clock, "now"> | undefined;
  /** Runs the official CLI to renew a sign-in token; without it, an expired one is refused. */
  readonly runProgram?: RunProgram | undefined;
  /** Asks whether a key from `.env` may be sent to another host than the current context's; without it: no. */
  readonly confirmHost?: ((question: HostQuestion) => Promise<boolean>) | undefined;
  /** Receives warnings about a credentials file that is ignored. */
  readonly log?: Log | undefined;
}

/** A key from `.env` that is for another host than the current context of the official CLI. */
export interface HostQuestion {
  /** `https://host` of the key. */
  readonly keyHost: string;
  /** `https://host` of the current context. */
  readonly currentHost: string;
  /** Its name. */
  readonly currentContext: string;
}

/** A place that names a credential. */
export type CredentialSource =
  /** `.env`: its `PW_API_KEY`. */
  | { readonly type: "key"; readonly name: "the prompt" | "PW_API_KEY" | ".env"; readonly key: string }
  /** `null` for the current one of the credentials file. */
  | { readonly type: "context"; readonly name: string | null; readonly setBy: "--context" | "PW_CONTEXT" | null };

/** Every source that is set, strongest first; the current context is always the last one. Only the first one is used. */
export function credentialSources(
  { env, dotenvKey }: CredentialDeps,
  { context, enteredKey }: CredentialOptions,
): readonly [CredentialSource, ...CredentialSource[]] {
  const environmentKey = env("PW_API_KEY");
  // An empty variable in the environment disables the file's key.
  const fileKey = environmentKey === undefined || environmentKey.trim() !== "" ? dotenvKey : undefined;
  const [first, ...rest] = [
    ...keySource("the prompt", enteredKey),
    ...contextSource("--context", context),
    ...keySource("PW_API_KEY", environmentKey),
    ...contextSource("PW_CONTEXT", env("PW_CONTEXT")),
    ...keySource(".env", fileKey),
  ];
  const last = { type: "context", name: null, setBy: null } as const;
  return first === undefined ? [last] : [first, ...rest, last];
}

/** What the used source hides, like `PW_API_KEY` and `context work from PW_CONTEXT`, strongest first. */
export async function hiddenSources(deps: CredentialDeps, options: CredentialOptions): Promise<readonly string[]> {
  const [used, ...hidden] = credentialSources(deps, options);
  const usedContext = used.type === "context" ? used.name : null;
  const names: string[] = [];
  for (const source of hidden) {
    if (source.type === "key") names.push(source.name === ".env" ? "PW_API_KEY of .env" : source.name);
    else {
      const name = source.name ?? (await searchCredentialsFile(deps)).file?.current ?? null;
      const text = source.setBy === null ? `current context ${name}` : `context ${name} from ${source.setBy}`;
      if (name !== null && name !== usedContext) names.push(text);
    }
  }
  return names;
}

function keySource(name: Extract<CredentialSource, { type: "key" }>["name"], text: string | undefined) {
  const key = nonBlank(text);
  return key === null ? [] : [{ type: "key" as const, name, key }];
}

function contextSource(setBy: "--context" | "PW_CONTEXT", text: string | undefined) {
  const name = nonBlank(text);
  return name === null ? [] : [{ type: "context" as const, name, setBy }];
}
