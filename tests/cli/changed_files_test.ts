import assert from "node:assert/strict";
import { changedFilesSince } from "../../lib/cli/suite/selection.ts";
import { runProgram } from "../../lib/cli/run_program.ts";

Deno.test({
  name: "changed files are those of the whole repository, as seen from the working folder, and moved ones twice",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const root = await Deno.realPath(await Deno.makeTempDir());
    try {
      const git = async (...args: readonly string[]) => {
        const author = ["-c", "user.name=n", "-c", "user.email=n@example.com"];
        const { success, stderr } = await new Deno.Command("git", { args: ["-C", root, ...author, ...args] }).output();
        assert.ok(success, new TextDecoder().decode(stderr));
      };
      const write = async (path: string, text: string) => {
        await Deno.mkdir(`${root}/${path}`.replace(/[^/]*$/, ""), { recursive: true });
        await Deno.writeTextFile(`${root}/${path}`, text);
      };
      await git("init", "--quiet");
      for (const path of ["tests/deep/a", "tests/b", "inputs/c", "src/d", "kept"]) {
        await write(path, `${path}\n`.repeat(9));
      }
      await git("add", ".");
      await git("commit", "--quiet", "-m", "first");
      await git("mv", "src/d", "inputs/d");
      for (const path of ["tests/deep/a", "inputs/c", "inputs/new ä"]) await write(path, "changed");
      const changedFrom = async (folder: string) => {
        const found = await changedFilesSince({
          runProgram: (call) => runProgram({ ...call, args: ["-C", `${root}/${folder}`, ...call.args] }),
        }, "HEAD");
        return [found.filter((path) => !path.startsWith("/")), found.filter((path) => path.startsWith("/"))];
      };
      const names = ["inputs/c", "inputs/d", "src/d", "tests/deep/a", "inputs/new ä"];
      const absolute = names.map((name) => `${root}/${name}`);
      assert.deepEqual(await changedFrom(""), [names, absolute]);
      const fromDeep = ["../../inputs/c", "../../inputs/d", "../../src/d", "a", "../../inputs/new ä"];
      assert.deepEqual(await changedFrom("tests/deep"), [fromDeep, absolute]);
      const fromInputs = ["c", "d", "../src/d", "../tests/deep/a", "new ä"];
      assert.deepEqual(await changedFrom("inputs"), [fromInputs, absolute]);
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  },
});
