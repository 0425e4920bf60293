/** Reads a text body: the contract has base64 in a JSON string, but servers send plain text, or a plain JSON string. */
import { textInBase64 } from "../base64.ts";
import { parseJson } from "../json.ts";
import type { HttpResponse } from "./exchange.ts";

export function readRawText({ headers, text }: Pick<HttpResponse, "headers" | "text">): string {
  if (!(headers.get("content-type") ?? "").includes("json")) return text;
  const value = parseJson(text);
  if (typeof value !== "string") return text;
  // Neither a workflow file nor `user:NAME` can be mistaken for base64: both contain a colon.
  const isBase64 = /^[A-Za-z0-9+/]+=*$/.test(value) && value.length % 4 === 0;
  return (isBase64 ? textInBase64(value) : null) ?? value;
}
