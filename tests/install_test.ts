/** Runs `.github/install.sh` against a file server that acts as a mirror of the releases. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { emptyFolder } from "./support/main_job.ts";
import { needing } from "./support/needs.ts";

const SCRIPT = new URL("../.github/install.sh", import.meta.url).pathname;
const NAME = "pw-workflow-runner";
const LINUX = `${NAME}-x86_64-unknown-linux-gnu`;
const LATEST = "latest/download";
const shellMissing = Deno.build.os === "windows" ? "skipped: the script is for Linux and macOS" : undefined;
const isRoot = Deno.build.os !== "windows" && Deno.uid() === 0;

/** The script only runs `--version`. */
const BINARY = `#!/bin/sh\n[ "$*" = --version ] && echo "${NAME} 9.8.7 (abc1234)"\n`;

test("it installs the latest release and prints where", async ({ home, install }) => {
  const { code, stdout, stderr } = await install(releaseOf(LATEST));
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  assert.match(stdout, /^Installed pw-workflow-runner 9\.8\.7 \(abc1234\) as \S+\/\.local\/bin\/pw-workflow-runner\n/);
  assert.match(stdout, /\.local\/bin is not on your PATH: add it with {2}export PATH="\S+\/\.local\/bin:\$PATH"\n$/);
  assert.deepEqual(await filesIn(`${home}/.local/bin`), [NAME]);
  assert.equal(await Deno.readTextFile(`${home}/.local/bin/${NAME}`), BINARY);
  assert.equal(((await Deno.stat(`${home}/.local/bin/${NAME}`)).mode ?? 0) & 0o777, 0o755);
});

for (const version of ["9.8.7", "v9.8.7"]) {
  test(`PW_VERSION=${version} installs that release`, async ({ home, install }) => {
    const { code, stderr } = await install(releaseOf("download/v9.8.7"), { PW_VERSION: version });
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    assert.deepEqual(await filesIn(`${home}/.local/bin`), [NAME]);
  });
}

test("PW_INSTALL_DIR selects the folder, and there is no hint if the folder is on PATH", async ({ home, install }) => {
  const { code, stdout } = await install(releaseOf(LATEST), { PW_INSTALL_DIR: `${home}/tools`, folderOnPath: true });
  assert.equal(code, 0);
  assert.equal(stdout, `Installed ${NAME} 9.8.7 (abc1234) as ${home}/tools/${NAME}\n`);
});

test("a relative PW_INSTALL_DIR is below the working folder, whatever CDPATH is", async ({ home, install }) => {
  await Deno.mkdir(`${home}/other/tools`, { recursive: true });
  const { stdout } = await install(releaseOf(LATEST), { PW_INSTALL_DIR: "tools", CDPATH: `${home}/other` });
  assert.match(stdout, new RegExp(`^Installed .* as ${home}/tools/${NAME}\n`));
});

test("a folder is on PATH also with a slash at its end", async ({ home, install }) => {
  const { stdout } = await install(releaseOf(LATEST), { PW_INSTALL_DIR: `${home}/tools/`, folderOnPath: true });
  assert.equal(stdout, `Installed ${NAME} 9.8.7 (abc1234) as ${home}/tools/${NAME}\n`);
});

test("it warns of another binary that is earlier on PATH", async ({ home, install }) => {
  await Deno.writeTextFile(`${home}/machine/${NAME}`, "#!/bin/sh\n", { mode: 0o755 });
  const { stdout } = await install(releaseOf(LATEST), { PW_INSTALL_DIR: `${home}/tools`, folderOnPath: true });
  assert.ok(stdout.endsWith(`Another one is earlier on your PATH: ${home}/machine/${NAME}\n`), stdout);
});

test("an older binary is replaced", async ({ home, install }) => {
  await Deno.mkdir(`${home}/.local/bin`, { recursive: true });
  await Deno.writeTextFile(`${home}/.local/bin/${NAME}`, "old");
  assert.equal((await install(releaseOf(LATEST))).code, 0);
  assert.equal(await Deno.readTextFile(`${home}/.local/bin/${NAME}`), BINARY);
});

test("a sum is found among others, also with an asterisk before the file name", async ({ install }) => {
  const lines = [`${sha256("x")}  ${LINUX}.old`, `${sha256(BINARY)} *${LINUX}`, `${sha256("y")}  other`];
  const files = { ...releaseOf(LATEST), [`${LATEST}/SHA256SUMS`]: `${lines.join("\n")}\n` };
  assert.equal((await install(files)).code, 0);
});

interface Refusal {
  readonly name: string;
  readonly files: Files;
  readonly env?: InstallEnv;
  readonly message: RegExp;
}

const GOOD = releaseOf(LATEST);
const { [`${LATEST}/SHA256SUMS`]: goodSums = "", [`${LATEST}/${LINUX}`]: _binary, ...withoutBoth } = GOOD;
const REFUSALS: readonly Refusal[] = [
  {
    name: "a binary that does not match its sum",
    files: { ...GOOD, [`${LATEST}/${LINUX}`]: `${BINARY}# changed\n` },
    message: /does not match its SHA-256 sum: expected [0-9a-f]{64}, got [0-9a-f]{64}\n/,
  },
  {
    name: "a binary without a sum",
    files: { ...GOOD, [`${LATEST}/SHA256SUMS`]: `${sha256(BINARY)}  something-else\n` },
    message: /SHA256SUMS has no sum for pw-workflow-runner-x86_64-unknown-linux-gnu\n/,
  },
  {
    name: "a truncated sum",
    files: { ...GOOD, [`${LATEST}/SHA256SUMS`]: `${sha256(BINARY).slice(1)}  ${LINUX}\n` },
    message: /SHA256SUMS has no sum for/,
  },
  {
    name: "a release without sums",
    files: { [`${LATEST}/${LINUX}`]: BINARY },
    message: /latest\/download\/SHA256SUMS cannot be downloaded\n/,
  },
  {
    name: "a release without this machine's binary",
    files: { ...withoutBoth, [`${LATEST}/SHA256SUMS`]: goodSums },
    message: /latest\/download\/pw-workflow-runner-x86_64-unknown-linux-gnu cannot be downloaded\n/,
  },
  {
    name: "a release that does not exist",
    files: GOOD,
    env: { PW_VERSION: "1.2.3" },
    message: /download\/v1\.2\.3\/SHA256SUMS cannot be downloaded\n.*that release 1\.2\.3 exists\n/,
  },
  {
    name: "a download that is cut off",
    files: { ...GOOD, [`${LATEST}/${LINUX}`]: { cut: BINARY } },
    message: /pw-workflow-runner-x86_64-unknown-linux-gnu cannot be downloaded\n/,
  },
  {
    name: "a binary that does not start here",
    files: releaseOf(LATEST, "#!/bin/sh\nexit 127\n"),
    message:
      /pw-workflow-runner-x86_64-unknown-linux-gnu does not start on this machine\n.*deno run -A http:\S+\/latest\/download\/pw-workflow-runner\.js\n/,
  },
  {
    name: "an invalid version",
    files: GOOD,
    env: { PW_VERSION: "../../elsewhere" },
    message: /PW_VERSION is not a version: \.\.\/\.\.\/elsewhere\n/,
  },
];

for (const { name, files, env = {}, message } of REFUSALS) {
  test(`${name} is not installed, and the existing binary stays`, async ({ home, install }) => {
    await Deno.mkdir(`${home}/.local/bin`, { recursive: true });
    await Deno.writeTextFile(`${home}/.local/bin/${NAME}`, "old");
    const { code, stdout, stderr } = await install(files, env);
    assert.deepEqual({ code, stdout }, { code: 1, stdout: "" });
    assert.match(stderr, message);
    assert.match(stderr, /^Cannot install pw-workflow-runner: /m);
    assert.deepEqual(await filesIn(`${home}/.local/bin`), [NAME]);
    assert.equal(await Deno.readTextFile(`${home}/.local/bin/${NAME}`), "old");
  });
}

test("a folder with the name of the binary is not changed", async ({ home, install }) => {
  await Deno.mkdir(`${home}/.local/bin/${NAME}`, { recursive: true });
  const { code, stderr } = await install(GOOD);
  assert.equal(code, 1);
  assert.match(stderr, /\/\.local\/bin\/pw-workflow-runner is a folder\n/);
  assert.deepEqual(await filesIn(`${home}/.local/bin/${NAME}`), []);
});

test("it reports a folder that cannot be created", async ({ home, install }) => {
  await Deno.writeTextFile(`${home}/file`, "");
  const { code, stderr } = await install(GOOD, { PW_INSTALL_DIR: `${home}/file/bin` });
  assert.equal(code, 1);
  assert.match(stderr, /\/file\/bin cannot be created\n {2}Set PW_INSTALL_DIR to a folder that you can write to\n/);
});

test("it reports a folder that is not writable", async ({ home, install }) => {
  await Deno.mkdir(`${home}/closed`);
  // Root can write to any folder except those of /proc.
  const closed = isRoot ? "/proc/self" : `${home}/closed`;
  if (!isRoot) await Deno.chmod(closed, 0o555);
  const { code, stderr } = await install(GOOD, { PW_INSTALL_DIR: closed });
  assert.equal(code, 1);
  assert.match(stderr, /is not writable\n {2}Set PW_INSTALL_DIR/);
});

test("without HOME and PW_INSTALL_DIR it asks for a folder", async ({ install }) => {
  const { code, stderr } = await install(GOOD, { HOME: "" });
  assert.equal(code, 1);
  assert.match(stderr, /HOME is not set\n {2}Set PW_INSTALL_DIR/);
});

test("the copy in a checkout asks for PW_BASE_URL", async ({ install }) => {
  const { code, stderr } = await install(GOOD, { PW_BASE_URL: "" });
  assert.equal(code, 1);
  assert.match(stderr, /this copy does not know where releases are\n {2}Set PW_BASE_URL/);
});

const MACHINES = [
  ["Linux", "x86_64", "x86_64-unknown-linux-gnu"],
  ["Linux", "aarch64", "aarch64-unknown-linux-gnu"],
  ["Darwin", "x86_64", "x86_64-apple-darwin"],
  ["Darwin", "arm64", "aarch64-apple-darwin"],
] as const;
for (const [os, machine, target] of MACHINES) {
  test(`on ${os} with ${machine} it installs ${target}`, async ({ install }) => {
    const { code, stderr } = await install(releaseOf(LATEST, BINARY, `${NAME}-${target}`), { os, machine });
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  });
}

test("under Rosetta on Apple silicon it installs the binary for Apple silicon", async ({ home, install }) => {
  await Deno.writeTextFile(`${home}/machine/sysctl`, "#!/bin/sh\necho 1\n", { mode: 0o755 });
  const files = releaseOf(LATEST, BINARY, `${NAME}-aarch64-apple-darwin`);
  assert.equal((await install(files, { os: "Darwin", machine: "x86_64" })).code, 0);
});

const UNSUPPORTED = [
  [
    "MINGW64_NT-10.0",
    "x86_64",
    /this script does not support Windows\n {2}Download pw-workflow-runner-x86_64-pc-windows-msvc\.exe from http/,
  ],
  ["FreeBSD", "amd64", /there is no binary for FreeBSD\n {2}Run it with Deno/],
  ["Linux", "riscv64", /there is no binary for Linux on riscv64\n {2}Run it with Deno/],
] as const;
for (const [os, machine, message] of UNSUPPORTED) {
  test(`on ${os} with ${machine} it prints an alternative`, async ({ home, install }) => {
    const { code, stdout, stderr } = await install(GOOD, { os, machine });
    assert.deepEqual({ code, stdout }, { code: 1, stdout: "" });
    assert.match(stderr, message);
    assert.deepEqual((await filesIn(home)).filter((name) => name !== "machine"), []);
  });
}

test("a truncated script installs nothing", async ({ home, install }) => {
  const text = await Deno.readTextFile(SCRIPT);
  for (const share of [0.3, 0.6, 0.9]) {
    await Deno.writeTextFile(`${home}/machine/cut.sh`, text.slice(0, text.length * share));
    await install(GOOD, { script: `${home}/machine/cut.sh` });
    assert.deepEqual((await filesIn(home)).filter((name) => name !== "machine"), []);
  }
});

Deno.test({
  ...needing("shellcheck reports nothing for the shell scripts", await shellcheckMissing()),
  async fn() {
    const scripts = [SCRIPT, new URL("../.ci/run", import.meta.url).pathname];
    const { success, stdout } = await new Deno.Command("shellcheck", { args: scripts }).output();
    assert.ok(success, new TextDecoder().decode(stdout));
  },
});

/** Path → content; of `cut`, only the first half is sent. */
type Files = Readonly<Record<string, string | { readonly cut: string }>>;

interface InstallEnv {
  readonly PW_VERSION?: string;
  readonly PW_INSTALL_DIR?: string;
  readonly PW_BASE_URL?: string;
  readonly HOME?: string;
  readonly CDPATH?: string;
  /** Output of `uname -s`. */
  readonly os?: string;
  readonly machine?: string;
  readonly folderOnPath?: boolean;
  readonly script?: string;
}

interface Machine {
  readonly home: string;
  install(files: Files, env?: InstallEnv): Promise<{ code: number; stdout: string; stderr: string }>;
}

function test(name: string, fn: (machine: Machine) => Promise<void>): void {
  Deno.test({
    ...needing(`install.sh: ${name}`, shellMissing),
    async fn() {
      await using folder = await emptyFolder();
      const home = await Deno.realPath(folder.path);
      await Deno.mkdir(`${home}/machine`);
      await fn({ home, install: (files, env = {}) => install(home, files, env) });
    },
  });
}

async function install(home: string, files: Files, env: InstallEnv) {
  const { os = "Linux", machine = "x86_64", folderOnPath = false, script = SCRIPT, ...variables } = env;
  const uname = `#!/bin/sh\n[ "$1" = -s ] && echo "${os}" || echo "${machine}"\n`;
  await Deno.writeTextFile(`${home}/machine/uname`, uname, { mode: 0o755 });
  await using server = serveFiles(files);
  const path = [`${home}/machine`, ...(folderOnPath ? [variables.PW_INSTALL_DIR] : []), Deno.env.get("PATH")].join(":");
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: [script],
    cwd: home,
    clearEnv: true,
    env: { HOME: home, PW_BASE_URL: server.url, NO_PROXY: "127.0.0.1", ...variables, PATH: path },
    stdin: "null",
    signal: AbortSignal.timeout(60_000),
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

function releaseOf(folder: string, binary = BINARY, asset = LINUX): Readonly<Record<string, string>> {
  return { [`${folder}/SHA256SUMS`]: `${sha256(binary)}  ${asset}\n`, [`${folder}/${asset}`]: binary };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

async function filesIn(folder: string): Promise<readonly string[]> {
  return (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort();
}

function serveFiles(files: Files): AsyncDisposable & { readonly url: string } {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const file = files[new URL(request.url).pathname.slice(1)];
    if (file === undefined) return new Response("Not found", { status: 404 });
    return typeof file === "string" ? new Response(file) : halfOf(file.cut);
  });
  return { url: `http://127.0.0.1:${server.addr.port}`, [Symbol.asyncDispose]: () => server.shutdown() };
}

function halfOf(text: string): Response {
  const bytes = new TextEncoder().encode(text);
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(bytes.subarray(0, bytes.length / 2));
      controller.close();
    },
  });
  return new Response(body, { headers: { "content-length": `${bytes.length}` } });
}

async function shellcheckMissing(): Promise<string | undefined> {
  try {
    await new Deno.Command("shellcheck", { args: ["--version"], stdout: "null" }).output();
    return undefined;
  } catch {
    return "skipped: shellcheck is not installed";
  }
}
