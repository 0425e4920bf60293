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

/** The file's name in a release. */
export function assetName(target: Target): string {
  return `pw-workflow-runner-${target}${target.includes("windows") ? ".exe" : ""}`;
}

/** The name of the program as one file in a release. */
export const SINGLE_FILE = "pw-workflow-runner.js";

/** {@link targetOf} reads at most this much of a file. */
export const HEADER_BYTES = 4096;

/**
 * The target of an executable, from its first bytes; `undefined` if it is none of {@link TARGETS}.
 *
 * Sources: ELF-64 `e_machine` at 18 (elf(5)); Mach-O `cputype` at 4 (mach-o/loader.h); the PE header's `Machine`, four
 * bytes after the offset that is stored at 0x3c (Microsoft PE format).
 */
export function targetOf(header: Uint8Array): Target | undefined {
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  if (view.byteLength < 64) return undefined;
  if (view.getUint32(0) === 0x7f454c46) return LINUX.get(view.getUint16(18, true));
  if (view.getUint32(0, true) === 0xfeedfacf) return MACOS.get(view.getUint32(4, true));
  if (view.getUint16(0) !== 0x4d5a) return undefined;
  const peOffset = view.getUint32(0x3c, true);
  if (peOffset + 6 > view.byteLength || view.getUint32(peOffset) !== 0x50450000) return undefined;
  return WINDOWS.get(view.getUint16(peOffset + 4, true));
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
