import assert from "node:assert/strict";
import { type CacheOptions, openCache } from "../../../lib/cli/completion/cache.ts";
import { userFolder } from "../../../lib/cli/state_path.ts";
import { Secret } from "../../../lib/secret.ts";
import { emptyFolder } from "../../support/main_job.ts";

const KEY = "Basic c2VjcmV0LWtleQ==";
const NOW_MS = Date.UTC(2026, 0, 5, 9);
const ROWS = [["hello-world", "Hello"], ["quick", ""]];

for (
  const [env, os, folder] of [
    [{ XDG_CACHE_HOME: "/cache", HOME: "/home/a" }, "linux", "/cache/pw-workflow-runner"],
    [{ XDG_CACHE_HOME: "cache", HOME: "/home/a" }, "linux", "/home/a/.cache/pw-workflow-runner"],
    [{ XDG_CACHE_HOME: " ", HOME: "/home/a" }, "darwin", "/home/a/.cache/pw-workflow-runner"],
    [{ LOCALAPPDATA: "C:\\L", HOME: "/home/a" }, "windows", "C:\\L\\pw-workflow-runner\\cache"],
    [{ HOME: "/home/a" }, "windows", undefined],
    [{}, "linux", undefined],
  ] as const
) {
  Deno.test(`userFolder() for caches on ${os} with ${JSON.stringify(env)} is ${folder}`, () => {
    const vars = new Map<string, string>(Object.entries(env));
    assert.equal(userFolder((name) => vars.get(name), os, "cache"), folder);
  });
}

Deno.test("an entry is valid for 30 seconds, for the same host and key", async () => {
  await using folder = await emptyFolder();
  await (await openCache(optionsFor(folder.path))).put("workflows", ROWS);
  const cached = async (parts: Partial<CacheOptions>) =>
    (await openCache({ ...optionsFor(folder.path), ...parts })).get("workflows");
  assert.deepEqual(await cached({ nowMs: NOW_MS + 29_999 }), ROWS);
  assert.equal(await cached({ nowMs: NOW_MS + 30_000 }), undefined);
  assert.equal(await cached({ nowMs: NOW_MS - 1 }), undefined);
  assert.equal(await cached({ credential: { host: "b", authorization: new Secret(KEY) } }), undefined);
  assert.equal(await cached({ credential: { host: "a", authorization: new Secret("another") } }), undefined);
});

Deno.test("entries of another key are overwritten, entries of the same key are kept", async () => {
  await using folder = await emptyFolder();
  const other = { ...optionsFor(folder.path), credential: { host: "a", authorization: new Secret("another") } };
  await (await openCache(other)).put("workflows", [["theirs", ""]]);
  await (await openCache(optionsFor(folder.path))).put("workflows", ROWS);
  await (await openCache(optionsFor(folder.path))).put("runs", [["a"]]);
  const cache = await openCache(optionsFor(folder.path));
  assert.deepEqual([cache.get("workflows"), cache.get("runs")], [ROWS, [["a"]]]);
  assert.ok(!(await textIn(folder.path)).includes("theirs"));
});

Deno.test("only the owner can read the file, and it does not contain the key", async () => {
  await using folder = await emptyFolder();
  const path = `${folder.path}/new`;
  await (await openCache(optionsFor(path))).put("workflows", ROWS);
  const text = await textIn(path);
  assert.ok(!text.includes(KEY) && !text.includes("c2VjcmV0"), text);
  if (Deno.build.os === "windows") return;
  assert.equal((await Deno.stat(`${path}/completions.json`)).mode?.toString(8).slice(-3), "600");
  assert.equal((await Deno.stat(path)).mode?.toString(8).slice(-3), "700");
  assert.deepEqual([...Deno.readDirSync(path)].map(({ name }) => name), ["completions.json"]);
});

for (const text of ["", "{", "[]", '{"v":1}', '{"v":1,"owner":1,"entries":{"workflows":1}}']) {
  Deno.test(`a file with ${JSON.stringify(text)} is treated as empty`, async () => {
    await using folder = await emptyFolder();
    await Deno.writeTextFile(`${folder.path}/completions.json`, text);
    const cache = await openCache(optionsFor(folder.path));
    assert.equal(cache.get("workflows"), undefined);
    await cache.put("workflows", ROWS);
    assert.deepEqual((await openCache(optionsFor(folder.path))).get("workflows"), ROWS);
  });
}

Deno.test("an entry of another shape is ignored", async () => {
  await using folder = await emptyFolder();
  await (await openCache(optionsFor(folder.path))).put("workflows", ROWS);
  const path = `${folder.path}/completions.json`;
  await Deno.writeTextFile(path, (await Deno.readTextFile(path)).replace('"quick"', "7"));
  assert.equal((await openCache(optionsFor(folder.path))).get("workflows"), undefined);
});

Deno.test("without a usable folder nothing is cached, and nothing fails", async () => {
  await using folder = await emptyFolder();
  await Deno.writeTextFile(`${folder.path}/file`, "");
  for (const unusable of [undefined, `${folder.path}/file`]) {
    await (await openCache({ ...optionsFor(""), folder: unusable })).put("workflows", ROWS);
    assert.equal((await openCache({ ...optionsFor(""), folder: unusable })).get("workflows"), undefined);
  }
});

function optionsFor(folder: string): CacheOptions {
  const credential = { host: "a", authorization: new Secret(KEY) };
  return { folder, credential, nowMs: NOW_MS, random: () => 0.5 };
}

async function textIn(folder: string): Promise<string> {
  return await Deno.readTextFile(`${folder}/completions.json`);
}
