import assert from "node:assert/strict";

const SECURITY = new URL("../../docs/security.md", import.meta.url);
const TROUBLESHOOTING = new URL("../../docs/troubleshooting.md", import.meta.url);

/** The permissions that docs/security.md shows for running from a URL, for a platform and a home folder. */
export async function leastFlags(): Promise<(platform: string, home: string) => readonly string[]> {
  const page = await Deno.readTextFile(SECURITY);
  const flags = /^deno run ((?:--\S+ )+)https:\S+ run /m.exec(page)?.[1] ?? "";
  assert.ok(flags.includes("--allow-net="), "docs/security.md shows no deno run with --allow-net and a URL");
  return (platform, home) =>
    flags.trim().split(" ").map((flag) =>
      flag.startsWith("--allow-net=") ? `--allow-net=${platform}` : flag.replaceAll('"', "").replaceAll("$HOME", home)
    );
}

/** The rows of the table in docs/troubleshooting.md whose first heading is `heading`, without the headings. */
export async function faultTable(heading: string): Promise<readonly (readonly string[])[]> {
  const lines = (await Deno.readTextFile(TROUBLESHOOTING)).split("\n");
  const start = lines.findIndex((line) => cellsOf(line)[0] === heading);
  assert.notEqual(start, -1, `docs/troubleshooting.md has no table of ${heading}`);
  const rest = lines.slice(start + 2);
  const end = rest.findIndex((line) => !line.startsWith("|"));
  return rest.slice(0, end === -1 ? undefined : end).map(cellsOf);
}

function cellsOf(line: string): string[] {
  return line.split("|").slice(1, -1).map((cell) => cell.trim());
}
