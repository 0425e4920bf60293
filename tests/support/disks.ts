/** Unusable disks. Mounting them needs root, or sudo without a password. */

import assert from "node:assert/strict";
import { emptyFolder } from "./main_job.ts";

export interface Disk extends AsyncDisposable {
  readonly path: string;
}

/** Mounts a full disk at an empty folder. */
export async function fullDisk(path: string): Promise<Disk> {
  await mount("-t", "tmpfs", "-o", "size=64k", "tmpfs", path);
  await Deno.writeFile(`${path}/filler`, new Uint8Array(60 * 1024)).catch(() => {});
  return { path, [Symbol.asyncDispose]: () => unmount(path) };
}

/** Mounts a disk that even root cannot write. */
export async function readOnlyDisk(path: string): Promise<Disk> {
  await mount("-t", "tmpfs", "-o", "ro", "tmpfs", path);
  return { path, [Symbol.asyncDispose]: () => unmount(path) };
}

/** Makes a folder one that even root cannot write: what is in it can be read. */
export async function readOnlyBind(path: string): Promise<Disk> {
  await mount("--bind", path, path);
  await mount("-o", "remount,bind,ro", path);
  return { path, [Symbol.asyncDispose]: () => unmount(path) };
}

/** Of a {@link readOnlyBind}. */
export async function makeWritable(path: string): Promise<void> {
  await mount("-o", "remount,bind,rw", path);
}

async function mount(...args: readonly string[]): Promise<void> {
  const { success, stderr } = await asRoot("mount", args);
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

async function unmount(path: string): Promise<void> {
  // Lazily: a process that another test is starting has the files of this one open until it runs its program.
  const { success } = await asRoot("umount", ["--lazy", path]);
  assert.ok(success);
}

function asRoot(program: string, args: readonly string[]): Promise<Deno.CommandOutput> {
  const [command = "", ...prefix] = Deno.uid() === 0 ? [program] : ["sudo", "--non-interactive", program];
  return new Deno.Command(command, { args: [...prefix, ...args], stdin: "null", signal: AbortSignal.timeout(30_000) })
    .output();
}

/** @returns What is missing; `undefined` when disks can be mounted. */
export async function mountMissing(): Promise<string | undefined> {
  await using folder = await emptyFolder();
  try {
    await mount("-t", "tmpfs", "tmpfs", folder.path);
    await asRoot("umount", [folder.path]);
    return undefined;
  } catch {
    return "disks cannot be mounted here";
  }
}
