import type { Target } from "../../../.ci/release/targets.ts";

/** The first bytes of an executable, with those that identify its target. */
export function anExecutable(target: Target): Uint8Array {
  const bytes = new Uint8Array(128);
  bytes.set(SIGNATURES[target], 0);
  if (target.includes("linux")) bytes.set(target.startsWith("x86_64") ? [0x3e, 0] : [0xb7, 0], 18);
  if (target.includes("windows")) {
    bytes.set([0x40, 0, 0, 0], 0x3c);
    bytes.set([0x50, 0x45, 0, 0, 0x64, 0x86], 0x40);
  }
  return bytes;
}

const ELF = [0x7f, 0x45, 0x4c, 0x46];
const MACH_O = [0xcf, 0xfa, 0xed, 0xfe];

const SIGNATURES: Readonly<Record<Target, readonly number[]>> = {
  "x86_64-unknown-linux-gnu": ELF,
  "aarch64-unknown-linux-gnu": ELF,
  "x86_64-apple-darwin": [...MACH_O, 7, 0, 0, 1],
  "aarch64-apple-darwin": [...MACH_O, 12, 0, 0, 1],
  "x86_64-pc-windows-msvc": [0x4d, 0x5a],
};
