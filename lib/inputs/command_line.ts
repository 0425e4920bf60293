import { jsonEscape } from "../escape.ts";
import { isInside, isObject, joinPath, type Json, type JsonObject } from "../json.ts";
import { programCommand } from "../shell_command.ts";
import { replaceSecrets } from "./secrets.ts";

/** More values are easier to read as one JSON object. */
const MAX_VALUES = 12;

/**
 * Writes the non-interactive `run` command for a POSIX shell. Its `-i` options yield `inputs` byte for byte, regardless of
 * what the workflow declares. Secrets are not included: the command prompts for them.
 *
 * @param options Others of `run`.
 */
export function formatInputArguments(
  workflow: string,
  inputs: JsonObject,
  secretPaths: readonly string[],
  options: readonly string[] = [],
): string {
  const secrets = new Set(secretPaths);
  const values = Object.entries(inputs).flatMap(([name, value]) => argumentsFor(value, joinPath("", name), secrets));
  // One JSON object keeps the order of the members.
  const args = values.length <= MAX_VALUES ? values : jsonArguments("", inputs, "", secrets);
  // A value that starts with a hyphen would be parsed as an option, unless it is joined to its own option.
  const inputOptions = args.flatMap((arg) => arg.startsWith("-") ? [`--input=${arg}`] : ["-i", arg]);
  return programCommand("run", [workflow], [...inputOptions, ...options]);
}

/** Otherwise `-i` would read the name of the file as an option, as JSON or as a value. */
export function inputFileArgument(path: string): string {
  return /^[-{\s]|^[^/\\]*=/.test(path) ? `./${path}` : path;
}

/** A list or an empty object is one argument; further arguments replace the placeholders of its secrets. */
function argumentsFor(value: Json, path: string, secrets: ReadonlySet<string>): string[] {
  if (secrets.has(path)) return [`${visible(path)}=@-`];
  if (isObject(value) && Object.keys(value).length > 0) {
    return Object.entries(value).flatMap(([name, member]) => argumentsFor(member, joinPath(path, name), secrets));
  }
  const isPlainText = typeof value === "string" && PLAIN_TEXT.test(value) && !isTyped(value);
  if (isPlainText) return [`${visible(path)}=${value}`];
  return jsonArguments(`${visible(path)}:=`, value, path, secrets);
}

/** JSON with a placeholder for each secret, and an argument for each of them. */
function jsonArguments(name: string, value: Json, path: string, secrets: ReadonlySet<string>): string[] {
  const shown = replaceSecrets(value, path, { secrets, replacement: "" });
  const prompts = [...secrets].filter((secret) => isInside(secret, path)).map((secret) => `${visible(secret)}=@-`);
  return [`${name}${visible(JSON.stringify(shown))}`, ...prompts];
}

/** One line of visible characters that is not parsed as `=@file`. */
const PLAIN_TEXT = /^(?!@)[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$/u;

/** Text that would be parsed as a number or another type. */
function isTyped(text: string): boolean {
  return text === "true" || text === "false" || text === "null" || (text.trim() !== "" && !Number.isNaN(Number(text)));
}

/** Escapes invisible characters of JSON or a path, so that copying loses none. They only occur inside quotes. */
function visible(text: string): string {
  return text.replaceAll(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, jsonEscape);
}
