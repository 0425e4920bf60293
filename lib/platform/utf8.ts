/** UTF-8 that arrives in pieces. */

/** Decodes the pieces of a text, in their order. */
export interface Utf8Decoder {
  /** The complete characters; the beginning of another one is held. */
  add(bytes: Uint8Array): string;
  /** What was held, as U+FFFD. */
  end(): string;
}

const NONE = new Uint8Array();

/**
 * Decodes as `TextDecoder` does. With its own `stream` option, that of Deno 2.4 returns strings with two bytes per
 * character, even of ASCII: all that follows takes twice the memory, and half again as long.
 */
export function createUtf8Decoder(): Utf8Decoder {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let held = NONE;
  let isStart = true;
  const decode = (bytes: Uint8Array): string => {
    const text = decoder.decode(bytes);
    if (!isStart || text === "") return text;
    isStart = false;
    return text.startsWith("\ufeff") ? text.slice(1) : text;
  };
  return {
    add(bytes) {
      const all = held.length === 0 ? bytes : joined(held, bytes);
      const heldLength = unfinishedLength(all);
      if (heldLength === 0) {
        held = NONE;
        return decode(all);
      }
      held = all.slice(all.length - heldLength);
      return decode(all.subarray(0, all.length - heldLength));
    },
    end: () => decode(held),
  };
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(one.length + other.length);
  bytes.set(one);
  bytes.set(other, one.length);
  return bytes;
}

/** The length of a character's beginning at the end. */
function unfinishedLength(bytes: Uint8Array): number {
  for (let length = 1; length <= 3; length++) {
    const byte = bytes.at(-length) ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return length < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? length : 0;
  }
  return 0;
}
