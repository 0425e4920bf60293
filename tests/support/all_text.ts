/** The whole text of a file that is read in pieces; `null` if there is no file. */
export async function allText(pieces: AsyncIterable<string> | null): Promise<string | null> {
  return pieces === null ? null : (await Array.fromAsync(pieces)).join("");
}
