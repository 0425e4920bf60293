/** Rules of plain text that all layers share. */

import { encodeBase64 } from "./base64.ts";

/** The trimmed text; `null` for a blank one and for any other value. */
export function nonBlank(value: unknown): string | null {
  return typeof value === "string" && value.trim() !== "" ? value.trim() : null;
}

/** `1 problem`, `2 problems`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** At most this long, with an ellipsis at the end of a longer text. */
export function shortened(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength - 1)}\u2026`;
}

/** Hexadecimal, 64 digits. */
export async function sha256(text: string): Promise<string> {
  return [...await digestOf(text)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** How a Content-Security-Policy names a script or style that may run. */
export async function policyHash(text: string): Promise<string> {
  return `sha256-${encodeBase64(await digestOf(text))}`;
}

/** SHA-256. */
export async function digestOf(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}
