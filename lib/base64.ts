/** Base64 of bytes: by the engine where it can, because the first use of `atob` loads a module of the runtime. */

interface Native {
  readonly name: string;
  readonly prototype: { readonly length: number; toBase64?(): string };
  fromBase64?(text: string): Uint8Array<ArrayBuffer>;
}
const NATIVE: Native = Uint8Array;

/** Encodes bytes, with padding. */
export function encodeBase64(bytes: Uint8Array): string {
  return NATIVE.prototype.toBase64?.call(bytes) ??
    btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

/**
 * Decodes base64, padded or not.
 *
 * @throws SyntaxError, or DOMException on older engines, for anything else.
 */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  return NATIVE.fromBase64?.(text) ?? Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** The UTF-8 text that base64 encodes, padded or not; `null` for anything else. */
export function textInBase64(base64: string): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(decodeBase64(base64));
  } catch {
    return null;
  }
}

/** Compresses a text. */
export async function gzipBase64(text: string): Promise<string> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return encodeBase64(await new Response(stream).bytes());
}
