/** The machines that there is a binary for, and how to tell a file's machine from its first bytes. */

export const TARGETS = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
  "x86_64-pc-windows-msvc",
] as const;

export type Target = typeof TARGETS[number];

export function asTarget(name: string): Target | undefined {
  return TARGETS.find((target) => target === name);
}

/** The name that a release carries it under. */
export function assetName(target: Target): string {
  return `pw-workflow-runner-${target}${target.includes("windows") ? ".exe" : ""}`;
}

/** Enough of a file's beginning for {@link targetOf}. */
export const HEADER_BYTES = 4096;

/**
 * The machine that an executable is for; `undefined` for one that is for none of ours.
 *
 * Sources: ELF-64 `e_machine` at 18 (elf(5)); Mach-O `cputype` at 4 (mach-o/loader.h); the PE header's `Machine`, four
 * bytes after where the word at 0x3c points (Microsoft PE format).
 */
export function targetOf(header: Uint8Array): Target | undefined {
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  if (view.byteLength < 64) return undefined;
  if (view.getUint32(0) === 0x7f454c46) return LINUX.get(view.getUint16(18, true));
  if (view.getUint32(0, true) === 0xfeedfacf) return MACOS.get(view.getUint32(4, true));
  if (view.getUint16(0) !== 0x4d5a) return undefined;
  const at = view.getUint32(0x3c, true);
  if (at + 6 > view.byteLength || view.getUint32(at) !== 0x50450000) return undefined;
  return WINDOWS.get(view.getUint16(at + 4, true));
}

const LINUX: ReadonlyMap<number, Target> = new Map([
  [0x3e, "x86_64-unknown-linux-gnu"],
  [0xb7, "aarch64-unknown-linux-gnu"],
]);
const MACOS: ReadonlyMap<number, Target> = new Map([
  [0x01000007, "x86_64-apple-darwin"],
  [0x0100000c, "aarch64-apple-darwin"],
]);
const WINDOWS: ReadonlyMap<number, Target> = new Map([[0x8664, "x86_64-pc-windows-msvc"]]);
