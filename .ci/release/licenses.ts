/** The licences of the packages that a binary carries parts of: they ask that their texts go along. */

const ROOT = new URL("../../", import.meta.url);
const DEADLINE_MS = 60_000;
const RULE = "-".repeat(80);

export interface Package {
  /** With its version: `zod@4.6.7`. */
  readonly name: string;
  /** Where its files are. */
  readonly folder: string;
}

/** The packages that the program imports, statically or dynamically, and their dependencies. */
export async function packagesOf(deno: string): Promise<readonly Package[]> {
  const { npmCache }: { npmCache: string } = await info(deno);
  const { npmPackages }: { npmPackages: Record<string, InfoPackage> } = await info(deno, "main.ts");
  return Object.values(npmPackages).map(({ name, version, registryUrl, localPath }) => ({
    name: `${name}@${version}`,
    folder: localPath ?? `${npmCache}/${new URL(registryUrl).host}/${name}/${version}`,
  }));
}

interface InfoPackage {
  readonly name: string;
  readonly version: string;
  readonly registryUrl: string;
  /** Told by newer versions of Deno only. */
  readonly localPath?: string;
}

async function info(deno: string, ...args: readonly string[]) {
  const { success, stdout, stderr } = await new Deno.Command(deno, {
    args: ["info", "--json", ...args],
    cwd: ROOT,
    stdin: "null",
    signal: AbortSignal.timeout(DEADLINE_MS),
  }).output();
  if (!success) throw new Error(`Cannot list the packages: ${new TextDecoder().decode(stderr).trim()}`);
  return JSON.parse(new TextDecoder().decode(stdout));
}

/**
 * One text with all of their licences.
 *
 * @throws Error naming a package that has none.
 */
export async function licensesOf(packages: readonly Package[]): Promise<string> {
  const parts: string[] = [];
  for (const { name, folder } of packages) {
    const names = await Array.fromAsync(Deno.readDir(folder), (entry) => entry.name);
    const files = names.filter((file) => /^(licen[cs]e|copying|notice)(\.\w+)?$/i.test(file)).sort();
    if (files.length === 0) throw new Error(`Cannot make a release: ${name} comes without the text of its licence`);
    const texts = await Promise.all(files.map((file) => Deno.readTextFile(`${folder}/${file}`)));
    parts.push(`${RULE}\n${name}\n${RULE}\n\n${texts.map((text) => text.trim()).join("\n\n")}\n`);
  }
  return parts.join("\n");
}
