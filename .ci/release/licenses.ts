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
 * @throws Error that names a package that neither has a license text nor names the MIT license.
 */
export async function licensesOf(packages: readonly Package[]): Promise<string> {
  const parts: string[] = [];
  for (const { name, folder } of packages) {
    const names = await Array.fromAsync(Deno.readDir(folder), (entry) => entry.name);
    const files = names.filter((file) => /^(licen[cs]e|copying|notice)(\.\w+)?$/i.test(file)).sort();
    const texts = files.length === 0
      ? [await declaredLicense(name, folder)]
      : await Promise.all(files.map((file) => Deno.readTextFile(`${folder}/${file}`)));
    parts.push(`${RULE}\n${name}\n${RULE}\n\n${texts.map((text) => text.trim()).join("\n\n")}\n`);
  }
  return parts.join("\n");
}

/** Some packages only name their license. */
async function declaredLicense(name: string, folder: string): Promise<string> {
  const { license, author }: { license?: string; author?: string | { name?: string } } = JSON.parse(
    await Deno.readTextFile(`${folder}/package.json`),
  );
  const holder = typeof author === "string" ? author.replace(/ *<.*/, "") : author?.name;
  if (license !== "MIT" || holder === undefined) {
    throw new Error(`Cannot make a release: ${name} has no license text`);
  }
  return `The MIT License\n\nCopyright (c) ${holder}\n\n${MIT_TERMS}`;
}

const MIT_TERMS =
  `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;
