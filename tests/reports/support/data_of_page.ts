/** The data inside an HTML report, as its script reads it. */
export async function dataOfPage(page: string): Promise<string> {
  const [, base64 = ""] = /id="data">([^<]*)</.exec(page) ?? [];
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}
