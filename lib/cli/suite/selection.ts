/** What selects the suites and cases of a call. */

import { didYouMean } from "../../did_you_mean.ts";
import { UsageError } from "../../errors.ts";
import { textOf } from "../../os_error.ts";
import type { Suite } from "../../suites/read_suite.ts";
import type { Context } from "../context.ts";

const VISIBLE_FOLDER = /^(?!\.|node_modules$)/;
const SUITE_FILE = /\.suite\.(?:ya?ml|json)$/i;

/** @throws UsageError if there is none. */
export async function suiteFiles(context: Context, given: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const path of given.length === 0 ? ["."] : given) {
    if (/\.(?:ya?ml|json)$/i.test(path)) found.push(path);
    else found.push(...await filesIn(context, path));
  }
  return [...new Set(found)];
}

/** Also of the folders in it, but not of hidden ones; of a folder with several names, once. */
async function filesBelow(context: Context, folder: string, seen = new Set<string>()): Promise<readonly string[]> {
  const real = await context.realPath(folder) ?? folder;
  if (seen.has(real)) return [];
  seen.add(real);
  const found = [...await context.listFiles(folder, SUITE_FILE)];
  for (const inner of await context.listFiles(folder, VISIBLE_FOLDER, "folder")) {
    found.push(...await filesBelow(context, inner, seen));
  }
  return found.map((path) => path.replace(/^\.\//, ""));
}

async function filesIn(context: Context, path: string): Promise<readonly string[]> {
  const files = await filesBelow(context, path.length > 1 ? path.replace(/[\\/]+$/, "") : path);
  if (files.length > 0) return files;
  const read = path === "." ? "" : await textOf(path, context);
  if (typeof read !== "string" && read.reason === "no such file") {
    const hint = didYouMean(path, ["merge", "history"]);
    throw new UsageError(`Cannot test ${path}: no such file or folder`, { hint });
  }
  const where = path === "." ? "the working folder has" : `${path} has`;
  throw new UsageError(`Cannot test: ${where} no suite file`, {
    hint: "Suite files end with .suite.yaml: docs/suites.md shows the smallest one",
  });
}

/** In the whole repository, each relative to the working folder and as an absolute path. @throws UsageError if Git fails. */
export async function changedFilesSince({ runProgram }: Pick<Context, "runProgram">, ref: string): Promise<string[]> {
  const git = async (...args: readonly string[]) => {
    const ended = await runProgram({ command: "git", args, withoutEnv: ["PW_API_KEY"], timeoutMs: 60_000 });
    if (ended.type === "ended" && ended.code === 0) return ended.stdout;
    const reason = ended.type === "ended" ? ended.stderr.trim().split("\n")[0] ?? "" : ended.type;
    throw new UsageError(`Cannot use --changed-since ${ref}: git: ${reason}`);
  };
  const { relative } = await import("node:path/posix");
  const [root = "", folder = ""] = (await git("rev-parse", "--show-toplevel", "--show-prefix")).split("\n");
  // A file that was renamed has changed under both names.
  const changed = await git("-c", "diff.relative=false", "diff", "--name-only", "--no-renames", "-z", ref, "--");
  const untracked = await git("ls-files", "--others", "--exclude-standard", "--full-name", "-z", "--", ":/");
  const names = `${changed}${untracked}`.split("\0").filter((name) => name !== "");
  return names.flatMap((name) => [relative(`/${folder}`, `/${name}`), `${root}/${name}`]);
}

/** @throws UsageError for an environment that no suite has. */
export function environmentOf(suites: readonly Suite[], name: string | undefined): string | null {
  if (name === undefined) return null;
  const known = suites.flatMap(({ document }) => Object.keys(document.environments ?? {}));
  if (known.includes(name)) return name;
  const hint = known.length === 0 ? "The suites have no `environments`" : `Known: ${[...new Set(known)].join(", ")}`;
  throw new UsageError(`Cannot use --env ${name}: no suite has this environment`, {
    hint: didYouMean(name, known) ?? hint,
  });
}
