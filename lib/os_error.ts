/** Errors of the operating system in words. Deno gives each its POSIX code, also those that have no class in `Deno.errors`. */

import { messageWithHint, UsageError } from "./errors.ts";

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EADDRINUSE: "it is already in use",
  EADDRNOTAVAIL: "this machine does not have that address",
  EAI_AGAIN: "the host name cannot be resolved",
  EBUSY: "it is in use",
  ECONNREFUSED: "the connection was refused",
  EDQUOT: "your disk quota is exceeded",
  EEXIST: "a file with that name exists",
  EFBIG: "the file would be too large",
  EIO: "the device reports an input or output error",
  EISDIR: "it is a folder, not a file",
  ELOOP: "too many symbolic links",
  EMFILE: "too many open files",
  ENAMETOOLONG: "the name is too long",
  ENFILE: "too many open files on this machine",
  ENOENT: "no such file or folder",
  ENOMEM: "out of memory",
  ENOSPC: "no space left on the disk",
  ENOTFOUND: "the host name cannot be resolved",
  ENOTDIR: "a part of the path is not a folder",
  EPERM: "permission denied",
  EPIPE: "the reader closed the pipe",
  EROFS: "the disk is read-only",
};

/** The reason an operation of the system failed, as the end of a sentence; `undefined` for another kind of error. */
export function osErrorReason(error: unknown): string | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const code = "code" in cause ? REASONS[String(cause.code)] : undefined;
    if (code !== undefined) return code;
    const [, reason] = /^([\w ,'-]+)\.? \(os error \d+\)/.exec(cause.message) ?? [];
    if (reason !== undefined) return reason;
  }
  return undefined;
}

/** The text of a file, or why it cannot be read, as the end of a sentence. */
export async function textOf(
  path: string,
  { readTextFile }: { readTextFile(path: string): Promise<string> },
): Promise<string | { readonly reason: string }> {
  try {
    return await readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { reason: "no such file" };
    // A reader's own error names the file, too.
    return { reason: osErrorReason(error) ?? messageWithHint(error).replace(`Cannot read ${path}: `, "") };
  }
}

/** `null` for what does not exist, or cannot be read for one of these reasons. */
export async function orNull<T>(
  reading: Promise<T>,
  ...reasons: readonly (abstract new (...args: never[]) => Error)[]
): Promise<T | null> {
  return await reading.catch((error) => {
    if ([Deno.errors.NotFound, ...reasons].some((reason) => error instanceof reason)) return null;
    throw error;
  });
}

/**
 * @param action Completes "Cannot …", like `read FILE`.
 * @throws UsageError for what the system refuses.
 */
export async function orUsageError<T>(action: string, act: () => Promise<T>, hint?: string): Promise<T> {
  try {
    return await act();
  } catch (error) {
    const reason = osErrorReason(error);
    if (reason === undefined) throw error;
    throw new UsageError(`Cannot ${action}: ${reason}`, { hint, cause: error });
  }
}
