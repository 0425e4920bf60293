import assert from "node:assert/strict";

const README = new URL("../../README.md", import.meta.url);

/** The permissions that the README shows for running from a URL, for a platform and a home folder. */
export async function leastFlags(): Promise<(platform: string, home: string) => readonly string[]> {
  const readme = await Deno.readTextFile(README);
  const flags = /^deno run ((?:--\S+ )+)https:\S+ run /m.exec(readme)?.[1] ?? "";
  assert.ok(flags.includes("--allow-net="), "the README shows no deno run with --allow-net and a URL");
  return (platform, home) =>
    flags.trim().split(" ").map((flag) =>
      flag.startsWith("--allow-net=") ? `--allow-net=${platform}` : flag.replaceAll('"', "").replaceAll("$HOME", home)
    );
}

/** The rows of the README's table whose first heading is `heading`, without the headings. */
export async function readmeTable(heading: string): Promise<readonly (readonly string[])[]> {
  const lines = (await Deno.readTextFile(README)).split("\n");
  const start = lines.findIndex((line) => cellsOf(line)[0] === heading);
  assert.notEqual(start, -1, `the README has no table of ${heading}`);
  const rest = lines.slice(start + 2);
  const end = rest.findIndex((line) => !line.startsWith("|"));
  return rest.slice(0, end === -1 ? undefined : end).map(cellsOf);
}

function cellsOf(line: string): string[] {
  return line.split("|").slice(1, -1).map((cell) => cell.trim());
}
