/** Reads a text body: the contract has base64 in a JSON string, but servers send plain text, or a plain JSON string. */
import { decodeBase64 } from "../base64.ts";
import { parseJson } from "../json.ts";
import type { HttpResponse } from "./exchange.ts";

export function readRawText({ headers, text }: Pick<HttpResponse, "headers" | "text">): string {
  if (!(headers.get("content-type") ?? "").includes("json")) return text;
  const value = parseJson(text);
  return typeof value === "string" ? decoded(value) ?? value : text;
}

/** Neither a workflow file nor `user:NAME` can be mistaken for base64: both contain a colon. */
function decoded(value: string): string | null {
  if (!/^[A-Za-z0-9+/]+=*$/.test(value) || value.length % 4 !== 0) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(decodeBase64(value));
  } catch {
    return null;
  }
}
