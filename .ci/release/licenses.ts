/** The licenses of the packages whose code a binary contains: they require that their texts are distributed with it. */

const ROOT = new URL("../../", import.meta.url);
const DEADLINE_MS = 60_000;
const RULE = "-".repeat(80);

export interface Package {
  /** Includes the version: `zod@4.6.7`. */
  readonly name: string;
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
  /** Only in newer versions of Deno. */
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
 * All license texts as one.
 *
 * @throws Error that names a package without a license text.
 */
export async function licensesOf(packages: readonly Package[]): Promise<string> {
  const parts: string[] = [];
  for (const { name, folder } of packages) {
    const names = await Array.fromAsync(Deno.readDir(folder), (entry) => entry.name);
    const files = names.filter((file) => /^(licen[cs]e|copying|notice)(\.\w+)?$/i.test(file)).sort();
    if (files.length === 0) throw new Error(`Cannot make a release: ${name} has no license text`);
    const texts = await Promise.all(files.map((file) => Deno.readTextFile(`${folder}/${file}`)));
    parts.push(`${RULE}\n${name}\n${RULE}\n\n${texts.map((text) => text.trim()).join("\n\n")}\n`);
  }
  return parts.join("\n");
}
