/**
 * Why this file: the contract calls some bodies base64 within a JSON string, and servers send them raw. Either way there
 * is text in them.
 */

import type { Answer } from "./http.ts";

export function readRawText({ headers, text }: Pick<Answer, "headers" | "text">): string {
  if (!(headers.get("content-type") ?? "").includes("json")) return text;
  const value = jsonString(text);
  return value === null ? text : decoded(value) ?? value;
}

function jsonString(text: string): string | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "string" ? value : null;
  } catch {
    return null;
  }
}

/** Neither a workflow file nor `user:NAME` can be mistaken for base64: both hold a colon. */
function decoded(value: string): string | null {
  if (!/^[A-Za-z0-9+/]+=*$/.test(value) || value.length % 4 !== 0) return null;
  try {
    const bytes = Uint8Array.from(atob(value), (character) => character.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}
