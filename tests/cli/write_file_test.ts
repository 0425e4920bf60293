import assert from "node:assert/strict";
import { UsageError } from "../../lib/errors.ts";
import { checkReplaceableFiles, refuseReadFile, replaceOutputFile } from "../../lib/cli/output_file.ts";
import { systemContext } from "../../lib/cli/system_context.ts";

const context = systemContext("test");

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const namesIn = async (folder: string) => (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();

Deno.test("replaceFile() creates and replaces a file, keeps its mode and leaves nothing else behind", () =>
  inFolder(async (folder) => {
    const path = `${folder}/a.csv`;
    await context.replaceFile(path, "one");
    if (Deno.build.os !== "windows") await Deno.chmod(path, 0o640);
    await context.replaceFile(path, "two");
    assert.equal(await Deno.readTextFile(path), "two");
    if (Deno.build.os !== "windows") assert.equal((await Deno.stat(path)).mode, 0o100640);
    assert.deepEqual(await namesIn(folder), ["a.csv"]);
  }));

for (
  const [what, nameOf, isSame] of [
    ["its absolute path", (folder: string) => `${folder}/rows.csv`, true],
    ["a symbolic link to it", (folder: string) => `${folder}/link.csv`, true],
    ["a path through a linked folder", (folder: string) => `${folder}/linked/rows.csv`, true],
    ["another file", (folder: string) => `${folder}/other.csv`, false],
    ["a file that does not exist", (folder: string) => `${folder}/new.csv`, false],
  ] as const
) {
  Deno.test({
    name: `a command that reads a file ${isSame ? "refuses to write" : "may write"} ${what}`,
    ignore: Deno.build.os === "windows",
    fn: () =>
      inFolder(async (folder) => {
        for (const name of ["rows.csv", "other.csv"]) await Deno.writeTextFile(`${folder}/${name}`, "");
        await Deno.symlink("rows.csv", `${folder}/link.csv`);
        await Deno.symlink(folder, `${folder}/linked`);
        const read = [`${folder}/../${folder.split("/").at(-1)}/rows.csv`, "n=1"];
        const checked = refuseReadFile(context, [undefined, nameOf(folder)], read);
        if (isSame) await assert.rejects(checked, UsageError);
        else await checked;
      }),
  });
}

for (const name of ["a".repeat(255), "é".repeat(127), "😀".repeat(63)]) {
  Deno.test(`replaceFile() replaces a file with as long a name as the system allows: ${name.slice(0, 2)}…`, () =>
    inFolder(async (folder) => {
      for (const text of ["one", "two"]) {
        await context.checkReplaceable(`${folder}/${name}`);
        await context.replaceFile(`${folder}/${name}`, text);
      }
      assert.equal(await Deno.readTextFile(`${folder}/${name}`), "two");
      assert.deepEqual(await namesIn(folder), [name]);
    }));
}

Deno.test("replaceFile() never shows a reader half of the text", () =>
  inFolder(async (folder) => {
    const path = `${folder}/a.csv`;
    const texts = ["a".repeat(1_000_000), "b".repeat(1_000_000)];
    await context.replaceFile(path, texts[0] ?? "");
    const writing = (async () => {
      for (let round = 0; round < 10; round++) await context.replaceFile(path, texts[round % 2] ?? "");
    })();
    for (let round = 0; round < 20; round++) assert.ok(texts.includes(await Deno.readTextFile(path)));
    await writing;
  }));

Deno.test({
  name: "replaceFile() keeps a symbolic link",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/real.csv`, "one");
      await Deno.symlink("real.csv", `${folder}/link.csv`);
      await context.replaceFile(`${folder}/link.csv`, "two");
      assert.equal(await Deno.readTextFile(`${folder}/real.csv`), "two");
      assert.ok((await Deno.lstat(`${folder}/link.csv`)).isSymlink);
    }),
});

for (const absolute of [true, false]) {
  Deno.test({
    name: `replaceFile() creates the target of a link whose path is ${absolute ? "absolute" : "relative"}`,
    ignore: Deno.build.os === "windows",
    fn: () =>
      inFolder(async (folder) => {
        await Deno.mkdir(`${folder}/inner`);
        await Deno.symlink(absolute ? `${folder}/$&.csv` : "../$&.csv", `${folder}/inner/link`);
        await Deno.symlink("inner/link", `${folder}/first`);
        await checkReplaceableFiles(context, [`${folder}/first`]);
        assert.deepEqual(await namesIn(folder), ["first", "inner"]);
        await context.replaceFile(`${folder}/first`, "one");
        assert.equal(await Deno.readTextFile(`${folder}/$&.csv`), "one");
        assert.deepEqual(await namesIn(folder), ["$&.csv", "first", "inner"]);
        assert.deepEqual(await namesIn(`${folder}/inner`), ["link"]);
      }),
  });
}

Deno.test({
  name: "a link whose target cannot be created is refused before anything is done",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (folder) => {
      await Deno.symlink("none/a.csv", `${folder}/link`);
      await assert.rejects(checkReplaceableFiles(context, [`${folder}/link`]), UsageError);
      assert.ok((await Deno.lstat(`${folder}/link`)).isSymlink);
    }),
});

Deno.test("a file that cannot be replaced is a usage error that names it", () =>
  inFolder(async (folder) => {
    const path = `${folder}/none/a.csv`;
    await assert.rejects(replaceOutputFile(context, path, "x"), (error) => {
      return error instanceof UsageError && error.message === `Cannot write ${path}: no such file or folder`;
    });
    await assert.rejects(replaceOutputFile(context, folder, "x"), UsageError);
    assert.deepEqual(await namesIn(folder), []);
  }));

Deno.test("checking a file that is replaced later leaves the folder as it is", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/a.csv`, "one");
    await checkReplaceableFiles(context, [`${folder}/a.csv`, `${folder}/b.csv`]);
    assert.equal(await Deno.readTextFile(`${folder}/a.csv`), "one");
    assert.deepEqual(await namesIn(folder), ["a.csv"]);
  }));

Deno.test({
  name: "a file whose folder takes no other one is refused before anything is done",
  // Of this folder, only the system creates files; this one can be written.
  ignore: Deno.build.os !== "linux",
  fn: () => assert.rejects(checkReplaceableFiles(context, ["/proc/self/comm"]), UsageError),
});

Deno.test("a file whose folder does not exist is refused before anything is done", () =>
  inFolder((folder) => assert.rejects(checkReplaceableFiles(context, [`${folder}/none/a.csv`]), UsageError)));

Deno.test({
  name: "two outputs are refused if one is a symbolic link to the other",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/a.csv`, "one");
      await Deno.symlink("a.csv", `${folder}/link.csv`);
      await assert.rejects(checkReplaceableFiles(context, [`${folder}/link.csv`, `${folder}/a.csv`]), UsageError);
    }),
});

Deno.test({
  name: "the reader of a FIFO gets the whole text, and nothing before it",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (folder) => {
      const path = `${folder}/fifo`;
      assert.ok((await new Deno.Command("mkfifo", { args: [path] }).output()).success);
      const reader = new Deno.Command("timeout", { args: ["20", "cat", path], stdout: "piped" }).spawn();
      await checkReplaceableFiles(context, [path]);
      await Promise.all([
        replaceOutputFile(context, path, "text"),
        reader.output().then(({ stdout }) => assert.equal(new TextDecoder().decode(stdout), "text")),
      ]);
    }),
});

Deno.test({
  name: "a named pipe is refused where texts are appended, instead of waiting for its reader",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (folder) => {
      const path = `${folder}/fifo`;
      assert.ok((await new Deno.Command("mkfifo", { args: [path] }).output()).success);
      assert.throws(() => context.appendFile(path, ""), UsageError);
      context.appendFile(`${folder}/log`, "one");
      context.appendFile(`${folder}/log`, "two");
      assert.equal(await Deno.readTextFile(`${folder}/log`), "onetwo");
    }),
});

Deno.test({
  name: "an output is refused if stdout goes to the same file, which keeps what it had",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    inFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/log`, "earlier\n");
      const modules = ["output_file", "system_context"].map((name) => import.meta.resolve(`../../lib/cli/${name}.ts`));
      const code = `const [{ checkReplaceableFiles }, { systemContext }] = await Promise.all([${
        modules.map((name) => `import("${name}")`)
      }]); await checkReplaceableFiles(systemContext("test"), ["/dev/stdout"]).catch((e) => console.log(e.message));`;
      await new Deno.Command("sh", {
        args: ["-c", '"$0" eval --no-check --no-lock "$1" >> "$2/log"', Deno.execPath(), code, folder],
      }).output();
      assert.equal(
        await Deno.readTextFile(`${folder}/log`),
        "earlier\nCannot write /dev/stdout: stdout goes to this file\n",
      );
    }),
});
