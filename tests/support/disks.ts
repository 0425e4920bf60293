/** Disks that are no good, for tests of what is kept on them. Need to mount, as root may. */

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
  const { success, stderr } = await new Deno.Command("mount", { args: [...args] }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

async function unmount(place: string): Promise<void> {
  const { success } = await new Deno.Command("umount", { args: [place] }).output();
  assert.ok(success);
}

/** Says what is missing where nothing can be mounted. */
export async function mountMissing(): Promise<string | undefined> {
  await using folder = await emptyFolder();
  try {
    await mount("-t", "tmpfs", "tmpfs", folder.path);
    await new Deno.Command("umount", { args: [folder.path] }).output();
    return undefined;
  } catch {
    return "a small disk can't be mounted here";
  }
}
