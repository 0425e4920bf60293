/** Finds the credential of a command, asks about one for another host, and reports what it hides. */

import {
  type Credential,
  type CredentialDeps,
  type CredentialOptions,
  findCredential,
  type HostQuestion,
} from "../platform/credentials/credentials.ts";
import { hiddenSources } from "../platform/credentials/sources.ts";
import { oneLine } from "../escape.ts";
import { askYesNo, canAsk } from "./confirm.ts";
import type { Context } from "./context.ts";
import type { Output } from "./output.ts";

export interface CredentialInvocation {
  readonly context: Context;
  readonly output: Output;
  readonly values: CredentialOptions;
}

/** @throws As `findCredential`. */
export async function openCredential({ context, output, values }: CredentialInvocation): Promise<Credential> {
  const deps = credentialDeps(context, values);
  const credential = await findCredential({
    ...deps,
    log: (level, message) => output.log(level, oneLine(message)),
    ...(canAsk(context) ? { confirmHost: (question) => confirmHost({ context, output }, question) } : {}),
  }, values);
  if (output.shows("DEBUG")) {
    output.log("DEBUG", `Using the API key from ${oneLine(credential.source)} for ${oneLine(credential.baseUrl)}`);
    for (const hidden of await hiddenSources(withoutPrompts(deps), values)) {
      output.log("DEBUG", `${oneLine(hidden)} is ignored: ${oneLine(credential.source)} takes precedence`);
    }
  }
  return credential;
}

/** What a context provides for finding a credential. */
export function credentialDeps(
  { env, mayReadEnv, dotenvKey, mayRead, readTextFile, clock, runProgram }: Context,
  { context, enteredKey }: CredentialOptions,
): CredentialDeps & { readonly mayRead: (path: string) => boolean } {
  // The system prompts for the permission to read PW_API_KEY, which is not needed if another source is stronger.
  const isKeyNeeded = context === undefined && enteredKey === undefined;
  const optionalEnv = (name: string) =>
    name !== "PW_API_KEY" || isKeyNeeded || mayReadEnv(name) ? env(name) : undefined;
  return { env: optionalEnv, dotenvKey, mayRead, readTextFile, clock, runProgram };
}

/** The same, for facts that are only reported: a file that needs a permission prompt counts as missing. */
export function withoutPrompts<Deps extends ReturnType<typeof credentialDeps>>(deps: Deps): Deps {
  const readTextFile = (path: string) =>
    deps.mayRead(path) ? deps.readTextFile(path) : Promise.reject(new Deno.errors.NotFound(path));
  return { ...deps, readTextFile };
}

async function confirmHost(
  { context, output }: Pick<CredentialInvocation, "context" | "output">,
  { keyHost, currentHost, currentContext }: HostQuestion,
): Promise<boolean> {
  return await askYesNo(
    { context, output },
    `The API key from .env is for ${oneLine(keyHost)}, but your current context ${oneLine(currentContext)} is for ` +
      `${oneLine(currentHost)}.\nSend requests and inputs to ${oneLine(keyHost)}?`,
  );
}
