import assert from "node:assert/strict";
import { assetName, HEADER_BYTES, type Target, targetOf, TARGETS } from "../../../.ci/release/targets.ts";
import { anExecutable } from "../support/executables.ts";

for (const target of TARGETS) {
  Deno.test(`targetOf() recognizes an executable for ${target}`, () => {
    assert.equal(targetOf(anExecutable(target)), target);
  });
}

Deno.test("targetOf() recognizes the executable of this Deno", async () => {
  using file = await Deno.open(Deno.execPath());
  const header = new Uint8Array(HEADER_BYTES);
  await file.read(header);
  assert.equal(targetOf(header), Deno.build.target);
});

const UNRECOGNIZED = [
  ["an empty file", new Uint8Array()],
  ["a script", new TextEncoder().encode("#!/bin/sh\n".padEnd(100))],
  ["a Linux executable for another processor", anExecutable("x86_64-unknown-linux-gnu").with(18, 0xf3)],
  ["a Windows header that points past its end", anExecutable("x86_64-pc-windows-msvc").with(0x3d, 0xff)],
] as const;
for (const [name, header] of UNRECOGNIZED) {
  Deno.test(`targetOf() is undefined for ${name}`, () => assert.equal(targetOf(header), undefined));
}

const NAMES: readonly (readonly [Target, string])[] = [
  ["x86_64-unknown-linux-gnu", "pw-workflow-runner-x86_64-unknown-linux-gnu"],
  ["x86_64-pc-windows-msvc", "pw-workflow-runner-x86_64-pc-windows-msvc.exe"],
];
for (const [target, name] of NAMES) {
  Deno.test(`assetName() is ${name} for ${target}`, () => assert.equal(assetName(target), name));
}
