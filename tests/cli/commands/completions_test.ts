import assert from "node:assert/strict";
import type { Context } from "../../../lib/cli/context.ts";
import { SHELLS } from "../../../lib/cli/completion/scripts.ts";
import { runCommandLine } from "../../../lib/cli/program.ts";
import { aContext } from "../../support/cli_context.ts";
import { emptyFolder } from "../../support/main_job.ts";
import { needing, programMissing } from "../../support/needs.ts";
import { bufferedWriter } from "../../support/writer.ts";

for (const shell of SHELLS.filter((shell) => shell !== "powershell")) {
  Deno.test({
    ...needing(`${shell} can parse its completion script`, await programMissing(shell)),
    async fn() {
      const { code, stdout } = await completions(shell);
      assert.equal(code, 0);
      const path = await Deno.makeTempFile();
      try {
        await Deno.writeTextFile(path, stdout);
        const options = { stdin: "null", signal: AbortSignal.timeout(30_000) } as const;
        const { success, stderr } = await new Deno.Command(shell, { args: ["-n", path], ...options }).output();
        assert.ok(success, new TextDecoder().decode(stderr));
      } finally {
        await Deno.remove(path);
      }
    },
  });
}

Deno.test("an unknown shell is refused, and the supported ones are named", async () => {
  const { code, stdout, stderr } = await completions("fihs");
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(
    stderr,
    /completions: SHELL must be bash, zsh, fish, powershell or install: got "fihs"\n.*Did you mean "fish"/,
  );
});

// PowerShell is in no package manager of the systems that run the tests.
if (await programMissing("pwsh") === undefined) {
  Deno.test("PowerShell completes with the script", async () => {
    await using folder = await emptyFolder();
    const program = `${folder.path}/pw-workflow-runner`;
    const main = new URL("../../../main.ts", import.meta.url).pathname;
    const call = `#!/bin/sh\nexec '${Deno.execPath()}' run --no-prompt -A '${main}' "$@"\n`;
    await Deno.writeTextFile(program, call, { mode: 0o755 });
    await Deno.writeTextFile(`${folder.path}/completion.ps1`, (await completions("powershell")).stdout);
    const typed = "pw-workflow-runner completions pow";
    const command = `. ./completion.ps1; (TabExpansion2 '${typed}' ${typed.length}).CompletionMatches.CompletionText`;
    const { stdout, stderr } = await new Deno.Command("pwsh", {
      args: ["-NoProfile", "-NonInteractive", "-Command", command],
      cwd: folder.path,
      env: { PATH: `${folder.path}:${Deno.env.get("PATH")}` },
      stdin: "null",
      signal: AbortSignal.timeout(60_000),
    }).output();
    assert.equal(new TextDecoder().decode(stdout).trim(), "powershell", new TextDecoder().decode(stderr));
  });
}

/** Prints something only if completion is installed in a new shell. */
const CHECKS = {
  bash: ["bash", "-i", "-c", "complete -p pw-workflow-runner"],
  zsh: ["zsh", "-d", "-i", "-c", "print $_comps[pw-workflow-runner]"],
  fish: [
    "fish",
    "-i",
    "-c",
    "complete -C 'pw-workflow-runner x'; functions -a -n | string match '*pw_workflow_runner*'",
  ],
} as const;

for (const shell of ["bash", "zsh", "fish"] as const) {
  Deno.test({
    ...needing(`completions install works in a new ${shell}, also when repeated`, await programMissing(shell)),
    async fn() {
      await using home = await emptyFolder();
      const profile = `${home.path}/.${shell}rc`;
      if (shell !== "fish") await Deno.writeTextFile(profile, "echo mine");
      const env = { HOME: home.path, SHELL: `/usr/bin/${shell}` };
      const first = await completions("install", { env });
      assert.deepEqual([first.code, first.stderr], [0, "Start a new shell to use it\n"]);
      assert.match(first.stdout, new RegExp(`Completion for ${shell} is installed`));
      const lines = shell === "fish" ? "" : await Deno.readTextFile(profile);
      assert.match(lines, shell === "fish" ? /^$/ : /^echo mine\n.*\n$/);

      await completions("install", { env, also: [shell] });
      if (shell !== "fish") assert.equal(await Deno.readTextFile(profile), lines);

      // Fish loads completion only for a program that exists.
      await Deno.mkdir(`${home.path}/bin`);
      await Deno.writeTextFile(`${home.path}/bin/pw-workflow-runner`, "#!/bin/sh\n", { mode: 0o755 });
      const [command, ...args] = CHECKS[shell];
      const { stdout, stderr } = await new Deno.Command(command, {
        args,
        cwd: home.path,
        clearEnv: true,
        env: { ...env, PATH: `${home.path}/bin:${Deno.env.get("PATH")}`, TERM: "dumb" },
        stdin: "null",
        signal: AbortSignal.timeout(30_000),
      }).output();
      assert.match(new TextDecoder().decode(stdout), /_pw[-_]workflow[-_]runner/, new TextDecoder().decode(stderr));
    },
  });
}

Deno.test("completions install powershell uses the profile that PowerShell reports", async () => {
  await using home = await emptyFolder();
  const profile = `${home.path}/Documents/Power Shell/profile.ps1`;
  const runProgram: Context["runProgram"] = ({ command }) =>
    Promise.resolve(
      command === "pwsh" ? { type: "not-found" } : { type: "ended", code: 0, stdout: `${profile}\r\n`, stderr: "" },
    );
  const env = { HOME: home.path };
  assert.equal((await completions("install", { env, also: ["powershell"], context: { runProgram } })).code, 0);
  const script = `${home.path}/.local/share/pw-workflow-runner/completion.ps1`;
  assert.equal(await Deno.readTextFile(profile), `if (Test-Path -LiteralPath '${script}') { . '${script}' }\n`);
  assert.match(await Deno.readTextFile(script), /Register-ArgumentCompleter/);
});

for (
  const [env, also, message] of [
    [{ HOME: "/nowhere" }, [], /SHELL is not set\n.*completions install bash\|/],
    [{ HOME: "/nowhere", SHELL: "" }, [], /SHELL is not set\n/],
    [{ HOME: "/nowhere", SHELL: "/bin/tcsh" }, [], /Cannot complete in the shell tcsh/],
    [{}, ["bash"], /no folder for the script can be determined\n.*HOME/],
    [{ HOME: "/nowhere" }, ["powershell"], /PowerShell did not report .*\n.*Invoke-Expression/],
  ] as const
) {
  Deno.test(`completions install ${also.join()} with ${JSON.stringify(env)} is a usage error`, async () => {
    const runProgram: Context["runProgram"] = () => Promise.resolve({ type: "not-found" });
    const { code, stderr } = await completions("install", { env, also, context: { runProgram } });
    assert.equal(code, 2);
    assert.match(stderr, message);
  });
}

interface Call {
  readonly env?: Readonly<Record<string, string>>;
  /** Further arguments. */
  readonly also?: readonly string[];
  readonly context?: Partial<Context>;
}

async function completions(shell: string, { env = {}, also = [], context = {} }: Call = {}) {
  const [stdout, stderr] = [bufferedWriter(), bufferedWriter()];
  const args = ["completions", shell, ...also];
  const code = await runCommandLine(aContext({ args, env: (name) => env[name], stdout, stderr, ...context }));
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}
