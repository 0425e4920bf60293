/** The command that sends the same inputs without questions. Pure. */

import type { Json, JsonObject } from "../json.ts";
import { isObject, joinPath } from "./path.ts";

/** More values than these are easier to read as one JSON. */
const MAX_VALUES = 12;

/**
 * Writes the `run` command for a POSIX shell. What `-i` reads from it is the same as `inputs`, byte for byte and
 * whatever the workflow declares; secrets are asked for again, and are not in it.
 *
 * @param program What the command begins with, as a shell takes it.
 */
export function commandLine(
  workflow: string,
  inputs: JsonObject,
  secretPaths: readonly string[],
  { program = "pw-workflow-runner" }: { readonly program?: string } = {},
): string {
  const secrets = new Set(secretPaths);
  const values = Object.entries(inputs).flatMap(([name, value]) => argumentsFor(value, joinPath("", name), secrets));
  const args = values.length <= MAX_VALUES ? values : inOneJson(inputs, secrets);
  // What begins like an option is taken for one, unless it is joined to its own.
  const options = args.map((arg) => arg.startsWith("-") ? ` ${quoted(`--input=${arg}`)}` : ` -i ${quoted(arg)}`);
  return `${program} run ${quoted(workflow)}${options.join("")}`;
}

/** Lists and empty objects are given whole: their secrets follow, into the places that are kept for them. */
function argumentsFor(value: Json, path: string, secrets: ReadonlySet<string>): string[] {
  if (secrets.has(path)) return [`${visible(path)}=@-`];
  if (isObject(value) && Object.keys(value).length > 0) {
    return Object.entries(value).flatMap(([name, member]) => argumentsFor(member, joinPath(path, name), secrets));
  }
  const isPlainText = typeof value === "string" && PLAIN_TEXT.test(value) && !isTyped(value);
  if (isPlainText) return [`${visible(path)}=${value}`];
  return [`${visible(path)}:=${jsonOf(withoutSecrets(value, path, secrets))}`, ...asked(value, path, secrets)];
}

/** All in one, with a place kept for every secret, so that the order stays. */
function inOneJson(inputs: JsonObject, secrets: ReadonlySet<string>): string[] {
  return [jsonOf(withoutSecrets(inputs, "", secrets)), ...asked(inputs, "", secrets)];
}

function withoutSecrets(value: Json, path: string, secrets: ReadonlySet<string>): Json {
  if (secrets.size === 0) return value;
  if (secrets.has(path)) return "";
  if (Array.isArray(value)) return value.map((item, index) => withoutSecrets(item, joinPath(path, index), secrets));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, withoutSecrets(member, joinPath(path, name), secrets)]),
  );
}

function asked(value: Json, path: string, secrets: ReadonlySet<string>): string[] {
  if (secrets.size === 0) return [];
  if (secrets.has(path)) return [`${visible(path)}=@-`];
  if (Array.isArray(value)) return value.flatMap((item, index) => asked(item, joinPath(path, index), secrets));
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, member]) => asked(member, joinPath(path, name), secrets));
}

/** Visible characters in one line, and not the beginning of `=@file`. */
const PLAIN_TEXT = /^(?!@)[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$/u;

/** Text that would not stay text: what a form or a reader may take for a number or another type. */
function isTyped(text: string): boolean {
  return text === "true" || text === "false" || text === "null" || (text.trim() !== "" && !Number.isNaN(Number(text)));
}

function jsonOf(value: Json): string {
  return visible(JSON.stringify(value));
}

/** JSON, or a path, in characters that a terminal shows, so that copying loses none. Others stand in quotes alone. */
function visible(text: string): string {
  return text.replaceAll(
    /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu,
    (character) => [...Array(character.length).keys()].map((at) => escaped(character.charCodeAt(at))).join(""),
  );
}

function escaped(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, "0")}`;
}

function quoted(text: string): string {
  return /^[\w./:=,@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
