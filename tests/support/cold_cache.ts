import { emptyFolder, machineEnv } from "./main_job.ts";

const ROOT = new URL("../../", import.meta.url);

/** The environment for an empty Deno cache in this folder. */
export function cacheEnv(folder: string): Record<string, string> {
  // Networks that inspect TLS have their own root certificate, which is in the system store.
  return { DENO_DIR: folder, DENO_TLS_CA_STORE: Deno.env.get("DENO_TLS_CA_STORE") ?? "mozilla,system" };
}

/** @returns Why packages cannot be downloaded here; `undefined` when they can. */
export async function packagesMissing(): Promise<string | undefined> {
  await using cache = await emptyFolder();
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["cache", "--no-config", "--no-lock", new URL("lib/deps/croner.ts", ROOT).href],
    cwd: cache.path,
    clearEnv: true,
    env: { ...machineEnv(), ...cacheEnv(cache.path) },
    stdin: "null",
    stdout: "null",
    stderr: "null",
    signal: AbortSignal.timeout(60_000),
  }).output();
  return success ? undefined : "packages cannot be downloaded here";
}
