/** `deno task contract:update FILE` writes tests/contract/activate.json, the structure of an OpenAPI document. */

import { structureOf } from "./contract/structure.ts";

const CONTRACT = new URL("../tests/contract/activate.json", import.meta.url);

const [file, ...others] = Deno.args;
if (file === undefined || others.length > 0) {
  console.error("Usage: contract:update FILE");
  Deno.exit(2);
}
try {
  await Deno.writeTextFile(CONTRACT, structureOf(JSON.parse(await Deno.readTextFile(file))));
} catch (error) {
  console.error(`Cannot update the contract from ${file}: ${error instanceof Error ? error.message : error}`);
  Deno.exit(1);
}
