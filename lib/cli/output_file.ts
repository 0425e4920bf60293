/** Files that options name: checked before anything is done, written at the end. */

import { expected, UsageError } from "../errors.ts";
import { orUsageError } from "../os_error.ts";
import { normalizedPath } from "../text.ts";
import type { Context } from "./context.ts";
import type { Output } from "./output.ts";

/** @throws UsageError if the file exists or cannot be created, also when the disk is full by now. */
export async function writeOutputFile(
  { writeNewFile }: Context,
  path: string,
  text: string | ReadableStream<string>,
): Promise<void> {
  try {
    await writing(path, () => writeNewFile(path, text));
  } finally {
    // Of a file that cannot be created, nothing was read: the response is to be closed.
    if (typeof text !== "string" && !text.locked) await text.cancel().catch(() => {});
  }
}

/** @throws UsageError for a file that is named twice: of one of the two, nothing would be left. */
export function refuseSameFile(paths: readonly (string | undefined)[], what: "outputs" | "reports"): void {
  const files = paths.map((path) => path && normalizedPath(path));
  const twice = paths.find((path, index) => path !== undefined && files.indexOf(files[index]) !== index);
  if (twice === undefined) return;
  throw new UsageError(`Cannot write two ${what} to ${twice}`, { hint: "Give each its own file" });
}

/**
 * @param read What the command will read, beside what it has read.
 * @throws UsageError for a file that the command reads: what it contains would be lost.
 */
export async function refuseReadFile(
  { realPath, filesRead = [] }: Pick<Context, "realPath" | "filesRead">,
  outputs: readonly (string | undefined)[],
  read: readonly string[] = [],
): Promise<void> {
  const fileAt = async (path: string) => await realPath(path) ?? normalizedPath(path);
  const files = new Set(await Promise.all([...read, ...filesRead].map(fileAt)));
  for (const path of outputs) {
    if (path === undefined || !files.has(await fileAt(path))) continue;
    throw new UsageError(`Cannot write ${path}: the command reads this file`, { hint: "Choose another file" });
  }
}

/**
 * Files that may exist.
 *
 * @throws UsageError for one that cannot be written, and for two links to one file, before anything is sent.
 */
export async function checkReplaceableFiles(
  { checkReplaceable, realPath }: Context,
  given: readonly (string | undefined)[],
): Promise<void> {
  const paths = given.filter((path) => path !== undefined);
  const files = await Promise.all(paths.map(async (path) => await realPath(path) ?? path));
  refuseSameFile(files, "outputs");
  const stdout = await realPath("/dev/stdout");
  for (const [index, path] of paths.entries()) {
    // A terminal takes both. A file that is replaced is no longer the one that stdout is written to.
    if (files[index] === stdout && !stdout.startsWith("/dev/")) {
      throw new UsageError(`Cannot write ${path}: stdout goes to this file`, {
        hint: "Choose another file, as this one would be replaced, or send stdout through a pipe: … | cat > FILE",
      });
    }
    await writing(path, () => checkReplaceable(path));
  }
}

/** Replaces the file if there is one. @throws UsageError if it cannot be written. */
export async function replaceOutputFile({ replaceFile }: Context, path: string, text: string): Promise<void> {
  await writing(path, () => replaceFile(path, text));
}

/** Those that cannot be written are errors beside the others, which share a hint. @returns False if there is one. */
export async function writeOutputFiles(
  { log }: Pick<Output, "log">,
  files: readonly { readonly hint: string; write(): Promise<void> }[],
): Promise<boolean> {
  const failures = new Map<string, string[]>();
  for (const { hint, write } of files) {
    const error = await write().catch(expected(UsageError));
    if (error !== undefined) failures.set(hint, [...failures.get(hint) ?? [], error.message]);
  }
  for (const [hint, messages] of failures) log("ERROR", `${messages.join("\n")}\n  ${hint}`);
  return failures.size === 0;
}

/** Writes to a file, or checks that this is possible. @throws UsageError if it is not. */
export async function writing(path: string, write: () => Promise<void>): Promise<void> {
  const hint = "Choose another file";
  if (path === "-") throw new UsageError("Cannot write -: it is not the name of a file", { hint });
  await orUsageError(`write ${path}`, write, hint).catch((error: unknown) => {
    if (!(error instanceof UsageError && error.cause instanceof Deno.errors.AlreadyExists)) throw error;
    throw new UsageError(`Cannot write ${path}: the file already exists`, {
      hint: "Choose another name, or move the file away: nothing is overwritten",
      cause: error.cause,
    });
  });
}
