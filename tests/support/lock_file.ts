/** Deno's lock files: one for the program, one for its tests and tools. */

export interface LockFile {
  /** From specifier to version: `npm:zod@4.6.7` → `4.6.7`. */
  readonly specifiers: Readonly<Record<string, string>>;
  /** By package name and version: `zod@4.6.7`. */
  readonly npm: Readonly<Record<string, { readonly integrity: string }>>;
}

/** Deno 2.4 locks this package for the types of `node:` modules; later versions include the types. */
const NODE_TYPES = /^npm:@types\/node@/;

export async function readLockFile(url: URL): Promise<LockFile> {
  return JSON.parse(await Deno.readTextFile(url));
}

/** The npm specifiers in the sources. */
export function specifiersOf({ specifiers }: LockFile): readonly string[] {
  return Object.keys(specifiers).filter((specifier) => !NODE_TYPES.test(specifier)).sort();
}

/** Packages that both files lock with different versions or integrities. */
export function differencesOf(one: LockFile, other: LockFile): readonly string[] {
  const others = versionsByName(other);
  return [...versionsByName(one)].flatMap(([name, versions]) => {
    const inOther = others.get(name);
    return inOther === undefined || inOther === versions ? [] : [`${name}: ${versions} and ${inOther}`];
  });
}

function versionsByName({ npm }: LockFile): ReadonlyMap<string, string> {
  const versions = new Map<string, string>();
  for (const [id, { integrity }] of Object.entries(npm).sort(([a], [b]) => a < b ? -1 : 1)) {
    const separator = id.indexOf("@", 1);
    const name = id.slice(0, separator);
    const version = `${id.slice(separator + 1)} ${integrity}`;
    versions.set(name, [...(versions.has(name) ? [versions.get(name)] : []), version].join(", "));
  }
  return versions;
}
