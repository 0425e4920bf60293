/** The import graph according to Deno: code, type and dynamic imports. */

/** Paths are relative to the root; imports from outside (npm, jsr, https, node) keep their specifier. */
export interface ImportEdge {
  readonly from: string;
  readonly to: string;
}

export interface ImportGraph {
  /** All modules below the root. */
  readonly files: ReadonlySet<string>;
  readonly edges: readonly ImportEdge[];
  /** Modules that could not be read, with the runtime's error. */
  readonly problems: readonly string[];
}

interface InfoModule {
  readonly specifier: string;
  readonly error?: string;
  readonly dependencies?: readonly InfoDependency[];
}

interface InfoDependency {
  readonly specifier: string;
  readonly code?: InfoTarget;
  readonly type?: InfoTarget;
}

interface InfoTarget {
  readonly specifier?: string;
  readonly error?: string;
}

/**
 * Reads the imports of files, recursively.
 *
 * @param root The folder that paths are relative to.
 * @param files Paths below the root.
 */
export async function importGraph(root: URL, files: readonly string[]): Promise<ImportGraph> {
  const modules = await infoModules(files.map((file) => new URL(file, root).href));
  const inside = modules.filter(({ specifier }) => specifier.startsWith(root.href));
  const shorten = (specifier: string) =>
    specifier.startsWith(root.href) ? specifier.slice(root.href.length) : specifier;
  return {
    files: new Set(inside.map(({ specifier }) => shorten(specifier))),
    edges: inside.flatMap(({ specifier, dependencies = [] }) =>
      dependencies.flatMap((dependency) =>
        targetsOf(dependency).map((to) => ({
          from: shorten(specifier),
          to: shorten(to),
        }))
      )
    ),
    problems: modules.flatMap(({ specifier, error }) => error === undefined ? [] : [`${shorten(specifier)}: ${error}`]),
  };
}

/** All TypeScript files below a folder; none when the folder does not exist. */
export async function sourceFiles(root: URL, folder: string): Promise<readonly string[]> {
  const paths: string[] = [];
  try {
    for await (const entry of Deno.readDir(new URL(folder, root))) {
      const path = `${folder}${entry.name}`;
      if (entry.isDirectory) paths.push(...await sourceFiles(root, `${path}/`));
      else if (entry.name.endsWith(".ts")) paths.push(path);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return paths.sort();
}

/** `deno info` accepts one file, so it gets a file that imports all others. */
async function infoModules(specifiers: readonly string[]): Promise<readonly InfoModule[]> {
  const all = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(all, specifiers.map((specifier) => `import ${JSON.stringify(specifier)};\n`).join(""));
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", "--no-config", "--no-lock", all],
      signal: AbortSignal.timeout(60_000),
    }).output();
    if (!success) throw new Error(`deno info failed: ${new TextDecoder().decode(stderr)}`);
    const info: { readonly modules: readonly InfoModule[] } = JSON.parse(new TextDecoder().decode(stdout));
    return info.modules;
  } finally {
    await Deno.remove(all);
  }
}

/** An import that cannot be resolved, such as a bare name, keeps its specifier. */
function targetsOf({ specifier, code, type }: InfoDependency): readonly string[] {
  const targets = [code, type].flatMap((target) => target === undefined ? [] : [target.specifier ?? specifier]);
  return [...new Set(targets)];
}
