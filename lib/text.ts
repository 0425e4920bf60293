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

/** At most this long, with an ellipsis at the end of a longer text, and no half of a character before it. */
export function shortened(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength - 1).replace(/[\ud800-\udbff]$/, "")}\u2026`;
}

/** Whether one of the names matches: a part of it, or with `*` or `?` the full name. Ignores case. */
export function matchesPattern(pattern: string, names: readonly string[]): boolean {
  const lowerCasePattern = pattern.toLowerCase();
  const lowerCaseNames = names.map((name) => name.toLowerCase());
  if (!/[*?]/.test(lowerCasePattern)) return lowerCaseNames.some((name) => name.includes(lowerCasePattern));
  const glob = new RegExp(`^${RegExp.escape(lowerCasePattern).replaceAll("\\*", ".*").replaceAll("\\?", ".")}$`);
  return lowerCaseNames.some((name) => glob.test(name));
}

/** A path without `.` and `..`. */
export function normalizedPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.replaceAll("\\", "/").split("/")) {
    if (part === ".." && !["", "..", undefined].includes(parts.at(-1))) parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
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

/** What differs from run to run without being another reason. Each is replaced by an ellipsis. */
const VARIABLE = [
  // As error messages name a request.
  /(?<=\brequest )[\w.:-]{1,64}(?=\))/g,
  // Times, and then identifiers: both have numbers in them.
  /\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[-+]\d\d:?\d\d)?/g,
  /\b[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\b/gi,
  /\b0x[\da-f]+\b/gi,
  /\b(?=[a-f]*\d)[\da-f]{7,}\b/gi,
  /\d+(?:[.,:]\d+)*/g,
];

/** Equal for failures that have the same reason. @param runs Slugs, which are no part of a reason. */
export function normalizedMessage(message: string, runs: readonly string[]): string {
  const withoutRuns = runs.reduce((text, run) => text.replaceAll(run, "\u2026"), message);
  return VARIABLE.reduce((text, pattern) => text.replaceAll(pattern, "\u2026"), withoutRuns);
}
