/** What a binary's sources say differently from the checkout's. */

/**
 * Writes the commit into the text of `lib/version.ts`.
 *
 * @throws Error when the text has no place for it.
 */
export function stampCommit(text: string, commit: string): string {
  const place = 'const COMMIT: string = "";';
  if (text.split(place).length !== 2) throw new Error(`Cannot stamp the commit: lib/version.ts needs one ${place}`);
  return text.replace(place, () => `const COMMIT: string = ${JSON.stringify(commit)};`);
}

/**
 * Makes the names of files that are imported late literal, so that the bundler sees them. In the checkout they are not
 * literal: what is, a run from a URL downloads at every start.
 *
 * @throws Error naming the file, when a name can't be found in it: the binary would lack that file.
 */
export function literalImports(text: string, path: string): string {
  return text.replaceAll(/\bimport\(([A-Za-z_$][\w$]*)\)/g, (_whole, name: string) => {
    const specifier = new RegExp(`^const ${name}: string = ("[^"]+");$`, "m").exec(text)?.[1];
    if (specifier === undefined) {
      throw new Error(`Cannot tell what ${path} imports as ${name}: write const ${name}: string = "./…" in it`);
    }
    return `import(${specifier})`;
  });
}
