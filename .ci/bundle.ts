/**
 * `deno task bundle [--output FILE]` writes the program as one file, which `deno run -A FILE` or a URL of it starts.
 *
 * `BUNDLE_DENO` is the path of the Deno that bundles.
 */

import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleSingleFile, commitOfCheckout } from "./release/bundle.ts";
import { runScript } from "./release/run_script.ts";
import { SINGLE_FILE } from "./release/targets.ts";

async function main([option, output, ...others]: readonly string[]): Promise<number> {
  if (option !== undefined && (option !== "--output" || output === undefined || others.length > 0)) {
    console.error("Usage: bundle [--output FILE]");
    return 2;
  }
  const path = resolve(output ?? fileURLToPath(new URL(`../dist/${SINGLE_FILE}`, import.meta.url)));
  const deno = Deno.env.get("BUNDLE_DENO") ?? Deno.execPath();
  const folder = await Deno.makeTempDir();
  try {
    const commit = await commitOfCheckout();
    const text = await bundleSingleFile({ deno, folder, commit });
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeTextFile(path, text);
    console.error(`Bundled ${path}${commit === "" ? "" : ` of ${commit}`}`);
    return 0;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) await runScript(main);
