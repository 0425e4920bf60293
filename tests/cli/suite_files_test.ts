import assert from "node:assert/strict";
import { suiteFiles } from "../../lib/cli/suite/selection.ts";
import { systemContext } from "../../lib/cli/system_context.ts";
import { emptyFolder } from "../support/main_job.ts";

Deno.test({
  name: "suites below a folder are found once, also where symbolic links lead back or to the same folder",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using folder = await emptyFolder();
    const root = folder.path;
    await Deno.mkdir(`${root}/run-01`);
    await Deno.writeTextFile(`${root}/a.suite.yaml`, "");
    await Deno.writeTextFile(`${root}/run-01/b.suite.yaml`, "");
    await Deno.symlink("run-01", `${root}/latest`);
    await Deno.symlink("..", `${root}/run-01/back`);
    const found = await suiteFiles(systemContext(""), [root]);
    assert.deepEqual(found.map((path) => path.slice(root.length)), ["/a.suite.yaml", "/latest/b.suite.yaml"]);
  },
});
