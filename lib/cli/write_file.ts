/** Writes files whole, or not at all: what `Context` describes. */

import { systemClock } from "../clock.ts";
import { orNull } from "../os_error.ts";

export async function checkNewFile(path: string): Promise<void> {
  await Deno.writeTextFile(path, "", { createNew: true });
  await Deno.remove(path);
}

export async function writeNewFile(path: string, text: string | ReadableStream<string>): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true });
  try {
    const pieces = typeof text === "string" ? ReadableStream.from([text]) : text;
    // Not into `file.writable`: it reports no full disk.
    for await (const bytes of pieces.pipeThrough(new TextEncoderStream())) {
      for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
    }
  } catch (error) {
    await Deno.remove(path);
    throw error;
  }
}

export async function replaceFile(path: string, text: string): Promise<void> {
  const { target, existing, temporary } = await replacing(path);
  if (temporary === null) return await Deno.writeTextFile(target, text);
  await writeNewFile(temporary, text);
  try {
    const mode = existing?.mode ?? null;
    if (mode !== null && Deno.build.os !== "windows") await Deno.chmod(temporary, mode & 0o777);
    await renameOnceFree(temporary, target);
  } catch (error) {
    await Deno.remove(temporary);
    throw error;
  }
}

/** Windows refuses to replace a file that another program is reading, such as a virus scanner. */
async function renameOnceFree(path: string, newPath: string): Promise<void> {
  for (let attempts = 1;; attempts++) {
    try {
      return await Deno.rename(path, newPath);
    } catch (error) {
      if (Deno.build.os !== "windows" || attempts === 20) throw error;
      await systemClock.sleep(50, { signal: undefined });
    }
  }
}

export async function checkReplaceable(path: string): Promise<void> {
  const { target, existing, temporary } = await replacing(path);
  // The reader of a FIFO would take what is closed for the end.
  if (existing !== null && existing.isFifo !== true) await Deno.writeTextFile(target, "", { append: true });
  if (temporary !== null) await checkNewFile(temporary);
}

/** `temporary` is `null` for what is no file, like /dev/stdout: it cannot be replaced. */
async function replacing(path: string) {
  const target = await targetOf(path);
  const existing = await orNull(Deno.stat(target));
  const isReplaced = existing === null || existing.isFile;
  // Where the name is the longest that is allowed, in bytes, the temporary one must not be longer.
  const start = target.replace(/([^/\\]{60})[^/\\]*$/su, "$1");
  return { target, existing, temporary: isReplaced ? `${start}.${crypto.randomUUID().slice(0, 8)}.tmp` : null };
}

/** A symbolic link stays one, also if its target does not exist yet. */
async function targetOf(path: string): Promise<string> {
  if (await orNull(Deno.stat(path)) !== null) return await orNull(Deno.realPath(path)) ?? path;
  const link = await Deno.readLink(path).catch(() => null);
  if (link === null) return path;
  return await targetOf(/^([/\\]|[a-z]:)/i.test(link) ? link : path.replace(/[^/\\]*$/, () => link));
}
