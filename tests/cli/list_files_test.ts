import assert from "node:assert/strict";
import { systemContext } from "../../lib/cli/system_context.ts";

Deno.test({
  name: "listFiles() lists files or folders, also behind symbolic links, and skips links to nothing",
  ignore: Deno.build.os === "windows",
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      await Deno.writeTextFile(`${folder}/b.json`, "");
      await Deno.mkdir(`${folder}/d.json`);
      await Deno.symlink("b.json", `${folder}/a.json`);
      await Deno.symlink("d.json", `${folder}/e.json`);
      await Deno.symlink("none", `${folder}/f.json`);
      await Deno.writeTextFile(`${folder}/c.txt`, "");
      const { listFiles } = systemContext("");
      const names = async (kind?: "folder") => {
        const paths = await listFiles(folder, /\.json$/, kind);
        return paths.map((path) => path.slice(folder.length + 1));
      };
      assert.deepEqual(await names(), ["a.json", "b.json"]);
      assert.deepEqual(await names("folder"), ["d.json", "e.json"]);
      assert.deepEqual(await listFiles(`${folder}/none`, /./, "folder"), []);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
