/** The order in which credentials are used. */

import { type CredentialFileDeps, searchCredentialsFile } from "./credentials_file.ts";

/** A place that names a credential. */
export type CredentialSource =
  | { readonly type: "entered-key" | "api-key" | "dotenv-key"; readonly key: string }
  | { readonly type: "context"; readonly name: string; readonly setBy: "--context" | "PW_CONTEXT" }
  | { readonly type: "current-context" };

interface SourceDeps {
  readonly env: (name: string) => string | undefined;
  readonly dotenvKey?: string | undefined;
}

interface SourceOptions {
  readonly context?: string | undefined;
  readonly enteredKey?: string | undefined;
}

/** Every source that is set, strongest first; the current context is always the last one. Only the first one is used. */
export function credentialSources(
  { env, dotenvKey }: SourceDeps,
  { context, enteredKey }: SourceOptions,
): readonly [CredentialSource, ...CredentialSource[]] {
  const environmentKey = env("PW_API_KEY");
  // An empty variable in the environment disables the file's key.
  const fileKey = environmentKey === undefined || environmentKey.trim() !== "" ? dotenvKey : undefined;
  const [first, ...rest] = [
    ...keySource("entered-key", enteredKey),
    ...contextSource("--context", context),
    ...keySource("api-key", environmentKey),
    ...contextSource("PW_CONTEXT", env("PW_CONTEXT")),
    ...keySource("dotenv-key", fileKey),
  ];
  const last = { type: "current-context" } as const;
  return first === undefined ? [last] : [first, ...rest, last];
}

/** What the used source hides, like `PW_API_KEY` and `context work from PW_CONTEXT`, strongest first. */
export async function hiddenSources(
  deps: SourceDeps & CredentialFileDeps,
  options: SourceOptions,
): Promise<readonly string[]> {
  const [used, ...hidden] = credentialSources(deps, options);
  const usedContext = used.type === "context" ? used.name : null;
  const names: string[] = [];
  for (const source of hidden) {
    if (source.type === "current-context") {
      const current = (await searchCredentialsFile(deps)).file?.current ?? null;
      if (current !== null && current !== usedContext) names.push(`current context ${current}`);
    } else if (source.type === "context") {
      if (source.name !== usedContext) names.push(`context ${source.name} from ${source.setBy}`);
    } else names.push(source.type === "dotenv-key" ? "PW_API_KEY of .env" : "PW_API_KEY");
  }
  return names;
}

function keySource(type: "entered-key" | "api-key" | "dotenv-key", text: string | undefined): CredentialSource[] {
  const key = text?.trim() ?? "";
  return key === "" ? [] : [{ type, key }];
}

function contextSource(setBy: "--context" | "PW_CONTEXT", text: string | undefined): CredentialSource[] {
  const name = text?.trim() ?? "";
  return name === "" ? [] : [{ type: "context", name, setBy }];
}
