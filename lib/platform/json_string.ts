import type { PieceMapper } from "../pieces.ts";

/**
 * Decodes a JSON document that is a single string, piece by piece, so that a large one is never in memory as a whole.
 *
 * @param invalid Creates the error for any other document.
 */
export function jsonStringPieces(invalid: () => Error): PieceMapper {
  let state: "before" | "inside" | "after" = "before";
  let held = "";
  return {
    add(piece) {
      let text = held + piece;
      let decoded = "";
      held = "";
      if (state === "before") {
        text = text.replace(/^[ \t\r\n]+/, "");
        if (text === "") return "";
        if (!text.startsWith('"')) throw invalid();
        state = "inside";
        text = text.slice(1);
      }
      if (state === "inside") {
        const quote = closingQuote(text);
        const end = quote === -1 ? decodableLength(text) : quote;
        decoded = decode(text.slice(0, end), invalid);
        if (quote === -1) {
          held = text.slice(end);
          return decoded;
        }
        state = "after";
        text = text.slice(quote + 1);
      }
      if (!/^[ \t\r\n]*$/.test(text)) throw invalid();
      return decoded;
    },
    end() {
      if (state !== "after") throw invalid();
      return "";
    },
  };
}

function decode(content: string, invalid: () => Error): string {
  // The usual log, several times as fast: of all escapes it has only newlines.
  if (!content.includes("\n")) {
    const text = content.replace(/\\n/g, "\n");
    if (!text.includes("\\")) return text;
  }
  try {
    const value: unknown = JSON.parse(`"${content}"`);
    if (typeof value === "string") return value;
  } catch {
    // Reported below.
  }
  throw invalid();
}

/** The position of the first quote that is not escaped; -1 if there is none. */
function closingQuote(text: string): number {
  for (let quote = text.indexOf('"'); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    if (backslashesBefore(text, quote) % 2 === 0) return quote;
  }
  return -1;
}

/** The length without an unfinished escape and without half of a surrogate pair at the end. */
function decodableLength(text: string): number {
  const length = withoutEscape(text, text.length, /^u[0-9a-fA-F]{0,3}$/);
  if (length > 0 && isHighSurrogate(text.charCodeAt(length - 1))) return length - 1;
  return withoutEscape(text, length, /^u[dD][89abAB][0-9a-fA-F]{2}$/);
}

/** The position of the escape that ends at `end`, if its part after the backslash matches, or is empty; otherwise `end`. */
function withoutEscape(text: string, end: number, afterBackslash: RegExp): number {
  const backslash = end === 0 ? -1 : text.lastIndexOf("\\", end - 1);
  if (backslash === -1 || backslash < end - 6 || backslashesBefore(text, backslash) % 2 === 1) return end;
  const rest = text.slice(backslash + 1, end);
  return rest === "" || afterBackslash.test(rest) ? backslash : end;
}

function backslashesBefore(text: string, index: number): number {
  let start = index;
  while (start > 0 && text[start - 1] === "\\") start--;
  return index - start;
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}
