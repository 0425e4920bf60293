import assert from "node:assert/strict";
import { pages } from "../../.ci/docs/pages.ts";
import { fastClock, systemClock } from "../../lib/clock.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { emptyFolder, machineEnv } from "../support/main_job.ts";
import { cacheEnv } from "../support/program.ts";

const ROOT = new URL("../../", import.meta.url);

Deno.test("the generated pages are current: `deno task docs` writes them", async () => {
  for (const [path, text] of Object.entries(await pages(ROOT))) {
    // The formatter aligns tables: only the words are compared.
    const committed = await Deno.readTextFile(new URL(path, ROOT));
    assert.equal(wordsOf(committed), wordsOf(text), path);
  }
});

const DOCUMENTS = [
  "README.md",
  "CONTRIBUTING.md",
  "functions/README.md",
  ...[...Deno.readDirSync(new URL("docs/", ROOT))].map(({ name }) => `docs/${name}`).filter((path) =>
    path.endsWith(".md")
  ),
];

for (const path of DOCUMENTS) {
  Deno.test(`every relative link of ${path} exists`, async () => {
    const text = await Deno.readTextFile(new URL(path, ROOT));
    for (const [, target = "", heading] of text.matchAll(/\]\(([^)#\s]*)(?:#([^)\s]+))?[^)]*\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const url = new URL(target, new URL(path, ROOT));
      await assert.doesNotReject(Deno.stat(url), target);
      if (heading !== undefined) assert.ok(anchorsOf(await Deno.readTextFile(url)).includes(heading), `#${heading}`);
    }
  });
}

/** The names that GitHub gives to headings. */
function anchorsOf(markdown: string): readonly string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-")
  );
}

Deno.test("README.md has at most 120 lines", async () => {
  const lines = (await Deno.readTextFile(new URL("README.md", ROOT))).trimEnd().split("\n");
  assert.ok(lines.length <= 120, `${lines.length} lines`);
});

Deno.test("README.md shows problems with inputs as they are printed", async () => {
  await using folder = await emptyFolder();
  await using simulator = await startSimulator();
  const inputs = "# Nightly\nsubmit_to_scheduler: maybe\nslurm:\n  is_disabled: false\n  cpus_per_task: 0\n";
  await Deno.writeTextFile(`${folder.path}/base.yaml`, inputs);
  const { stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "-A", new URL("main.ts", ROOT).pathname, "run", "hello-world", "--strict"]
      .concat("-i", "base.yaml", "-i", "hello.mesage=again"),
    cwd: folder.path,
    clearEnv: true,
    env: { ...machineEnv(), ...cacheEnv(), HOME: folder.path, PW_API_KEY: simulator.key },
    stdin: "null",
  }).output();
  const [printed = ""] = new TextDecoder().decode(stderr).match(/^✗ (.+\n)+?(?=.*`)/m) ?? [];
  assert.match(printed, /3 problems/);
  assert.ok((await Deno.readTextFile(new URL("README.md", ROOT))).includes(`\n\`\`\`\n${printed}\`\`\`\n`), printed);
});

const NOT_RUN = /<!-- not run by the tests: .+ -->\n\n$/;

for (const path of DOCUMENTS) {
  const text = await Deno.readTextFile(new URL(path, ROOT));
  const blocks = [...text.matchAll(/^```console\n([^]*?)^```$/gm)]
    .filter(({ index }) => !NOT_RUN.test(text.slice(0, index)))
    .map(([, lines = ""]) => lines);
  if (blocks.length === 0) continue;
  Deno.test(`every command that ${path} shows works`, async () => {
    await using folder = await emptyFolder();
    await using simulator = await startSimulator({ clock: fastClock(systemClock, 60) });
    for (const file of ["inputs/hello-world.json", "examples/smoke.suite.yaml"]) {
      await Deno.mkdir(`${folder.path}/${file.split("/")[0]}`);
      await Deno.copyFile(new URL(file, ROOT), `${folder.path}/${file}`);
    }
    const program = `'${Deno.execPath()}' run --no-prompt -A '${new URL("main.ts", ROOT).pathname}'`;
    const env = { ...machineEnv(), ...cacheEnv(), HOME: folder.path, NO_COLOR: "1", PW_API_KEY: simulator.key };
    for (const line of blocks.flatMap((block) => block.trim().split("\n"))) {
      // The environment has the simulator's key.
      if (line.startsWith("export PW_API_KEY=")) continue;
      const command = line.replace(/^(pw-workflow-runner|deno run -A main\.ts)\b/, program);
      assert.notEqual(command, line, `${line} is neither a command that can run nor marked as not run`);
      const { code, stdout, stderr } = await new Deno.Command("sh", {
        args: ["-c", command],
        cwd: folder.path,
        clearEnv: true,
        env,
        stdin: "null",
        signal: AbortSignal.timeout(60_000),
      }).output();
      const outputs = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
      assert.equal(code, 0, `${line}\n${outputs}`);
    }
  });
}

function wordsOf(text: string): string {
  return text.replaceAll(/[-|\s]+/g, " ").trim();
}
