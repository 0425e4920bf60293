/** `from`: a row per file. Its path or its content becomes an input; without either, the file holds the row's inputs. */

import { nameOfType, readDocument } from "../inputs/document.ts";
import { createValueLayer, type InputLayer } from "../inputs/merge.ts";
import { type InputPath, isObject, type Json, parsePath } from "../json.ts";
import { textOf } from "../os_error.ts";
import { type BatchSource, type FileAccess, membersOf, report } from "./draft.ts";

/** @param value `cases/*.json`, or `{files, path?, contents?}`. Patterns are relative to the folder of the file. */
export async function readFileRows(value: Json, source: BatchSource, files: FileAccess) {
  const spec = specOf(value, source);
  if (spec === undefined) return [];
  if (spec.pattern.includes("**")) {
    report(source, ["from"], "cannot have **: write a * for each folder, like cases/*/*/*.json");
    return [];
  }
  const isAbsolute = /^(?:[/\\]|[A-Za-z]:)/.test(spec.pattern);
  const folder = source.origin === "stdin" || isAbsolute ? "" : source.origin.replace(/[^/\\]*$/, "");
  const found = await matchingFiles(spec.pattern, folder, files);
  if (found.length === 0) report(source, ["from"], `matches no file: ${spec.pattern}`);
  const rows: { place: string; layers: readonly InputLayer[] }[] = [];
  for (const file of found) {
    const place = folder + file;
    const layers = await layersOf(file, place, spec, source, files);
    if (layers !== undefined) rows.push({ place, layers });
  }
  return rows;
}

function specOf(value: Json, source: BatchSource) {
  if (typeof value === "string" && value.trim() !== "") return { pattern: value, path: null, contents: null };
  if (!isObject(value)) {
    report(source, ["from"], `must be a pattern like cases/*.json: got ${nameOfType(value)}`);
    return undefined;
  }
  const members = membersOf(source, ["from"], value, { known: ["files", "path", "contents"] });
  const pattern = members.text("files");
  if (pattern === null) report(source, ["from", "files"], "is missing: write a pattern like meshes/*.msh");
  const inputAt = (name: string): InputPath | null => {
    const text = members.text(name);
    const path = text === null ? null : parsePath(text);
    if (path === undefined) report(source, ["from", name], "is not the path of an input, like mesh.file");
    return path ?? null;
  };
  const [path, contents] = [inputAt("path"), inputAt("contents")];
  return pattern === null ? undefined : { pattern, path, contents };
}

/** Relative to `folder`. */
async function matchingFiles(pattern: string, folder: string, files: FileAccess): Promise<readonly string[]> {
  const parts = pattern.replace(/^(?:\.\/)+/, "").split("/");
  const last = parts.pop() ?? "";
  const namesIn = async (inside: string, part: string, kind: "file" | "folder") => {
    const where = `${folder}${inside}`.replace(/(?<=.)\/$/, "");
    const found = await files.listFiles(where === "" ? "." : where, globOf(part), kind);
    return found.map((path) => inside + path.replace(/^.*\//, ""));
  };
  let inside = [""];
  for (const part of parts) {
    const found = /[*?{]/.test(part)
      ? await Promise.all(inside.map((path) => namesIn(path, part, "folder")))
      : inside.map((path) => path + part);
    inside = found.flat().map((path) => `${path}/`);
  }
  return (await Promise.all(inside.map((path) => namesIn(path, last, "file")))).flat();
}

/** `*` and `?` do not match a dot at the start. */
function globOf(pattern: string): RegExp {
  const source = pattern.replaceAll(/[*?]|\{[^{}]*\}|[\\^\]|.+$()[{}]/g, (part) => {
    if (part === "*") return ".*";
    if (part === "?") return ".";
    if (part.length > 1) {
      return `(?:${part.slice(1, -1).split(",").map((name) => RegExp.escape(name)).join("|")})`;
    }
    return `\\${part}`;
  });
  return new RegExp(`^${/^[*?]/.test(pattern) ? "(?!\\.)" : ""}${source}$`);
}

async function layersOf(
  file: string,
  place: string,
  { path, contents }: NonNullable<ReturnType<typeof specOf>>,
  source: BatchSource,
  files: FileAccess,
): Promise<InputLayer[] | undefined> {
  const ofPath = path === null ? [] : [createValueLayer(place, path, file)];
  if (path !== null && contents === null) return ofPath;
  const text = await textOf(place, files);
  if (typeof text !== "string") {
    report(source, ["from"], `cannot read ${place}: ${text.reason}`);
    return undefined;
  }
  if (contents !== null) return [...ofPath, createValueLayer(place, contents, text)];
  const layer = await readDocument(text, { origin: place });
  if ("value" in layer) return [layer];
  source.problems.push(...layer);
  return undefined;
}
