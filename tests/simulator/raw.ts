import { within } from "../support/within.ts";

/** Sends one request over plain TCP and returns all text received until the connection closes. */
export async function sendRaw(port: number, head: readonly string[], body = ""): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const request = [...head, "host: simulator", `content-length: ${body.length}`, "", body].join("\r\n");
  await connection.write(new TextEncoder().encode(request));
  const buffer = new Uint8Array(64 * 1024);
  const decoder = new TextDecoder();
  let text = "";
  while (true) {
    const reading = connection.read(buffer).catch((error: unknown) => {
      if (error instanceof Deno.errors.ConnectionReset) return null;
      throw error;
    });
    const count = await within(reading, "response");
    if (count === null) return text;
    text += decoder.decode(buffer.subarray(0, count), { stream: true });
  }
}
