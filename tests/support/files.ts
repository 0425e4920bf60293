/** The bytes of all files below a folder, as text, by path; empty when there is no such folder. */
export async function textsIn(folder: string): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  try {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      const path = `${folder}/${name}`;
      if (isDirectory) { for (const [below, text] of await textsIn(path)) texts.set(below, text); }
      else texts.set(path, new TextDecoder("latin1").decode(await Deno.readFile(path)));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return texts;
}
