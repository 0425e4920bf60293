/** The SHA-256 sums of a release's files in the format of `sha256sum --check`: a line for each file, `HEX  NAME`. */
export async function sumsOf(folder: string, names: readonly string[]): Promise<string> {
  const lines: string[] = [];
  for (const name of names) {
    const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", await Deno.readFile(`${folder}/${name}`)));
    lines.push(`${Array.from(sum, (byte) => byte.toString(16).padStart(2, "0")).join("")}  ${name}\n`);
  }
  return lines.join("");
}
