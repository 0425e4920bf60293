/** Disks that are no good, for tests of what is kept on them. Need to mount, as root may, or sudo without a password. */

import assert from "node:assert/strict";
import { emptyFolder } from "./main_job.ts";

export interface Disk extends AsyncDisposable {
  readonly place: string;
}

/** Mounts a disk without room at an empty folder. */
export async function fullDisk(place: string): Promise<Disk> {
  await mount("-t", "tmpfs", "-o", "size=64k", "tmpfs", place);
  await Deno.writeFile(`${place}/filler`, new Uint8Array(60 * 1024)).catch(() => {});
  return { place, [Symbol.asyncDispose]: () => unmount(place) };
}

/** Mounts a disk that nobody may write, root neither. */
export async function readOnlyDisk(place: string): Promise<Disk> {
  await mount("-t", "tmpfs", "-o", "ro", "tmpfs", place);
  return { place, [Symbol.asyncDispose]: () => unmount(place) };
}

async function mount(...args: readonly string[]): Promise<void> {
  const { success, stderr } = await asRoot("mount", args);
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

async function unmount(place: string): Promise<void> {
  const { success } = await asRoot("umount", [place]);
  assert.ok(success);
}

function asRoot(program: string, args: readonly string[]): Promise<Deno.CommandOutput> {
  const [command = "", ...words] = Deno.uid() === 0 ? [program] : ["sudo", "--non-interactive", program];
  return new Deno.Command(command, { args: [...words, ...args], stdin: "null", signal: AbortSignal.timeout(30_000) })
    .output();
}

/** Says what is missing where nothing can be mounted. */
export async function mountMissing(): Promise<string | undefined> {
  await using folder = await emptyFolder();
  try {
    await mount("-t", "tmpfs", "tmpfs", folder.path);
    await asRoot("umount", [folder.path]);
    return undefined;
  } catch {
    return "a small disk can't be mounted here";
  }
}
