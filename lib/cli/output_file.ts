import { UsageError } from "../errors.ts";
import type { Context } from "./context.ts";

/**
 * Writes the file that `--output` names.
 *
 * @throws UsageError if it exists.
 */
export async function writeOutputFile(
  { writeNewFile }: Pick<Context, "writeNewFile">,
  path: string,
  text: string | ReadableStream<string>,
): Promise<void> {
  try {
    await writeNewFile(path, text);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    throw new UsageError(`Cannot write ${path}: the file already exists`, {
      hint: "Choose another name, or move the file away: nothing is overwritten",
      cause: error,
    });
  }
}
