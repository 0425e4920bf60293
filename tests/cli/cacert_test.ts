/** A platform behind a certificate that nobody trusts, as a user meets it: in a process of its own, through TLS. */

import assert from "node:assert/strict";
import { fastClock, systemClock } from "../../lib/clock.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import type { Simulator } from "../../lib/simulator/simulator.ts";
import { keyFor } from "../platform/support/servers.ts";
import { createAuthority, type Issued } from "../support/certificates.ts";
import { emptyFolder } from "../support/main_job.ts";
import { runProgram } from "../support/program.ts";
import { submittedTo } from "../support/received.ts";

const RUN = ["run", "hello-world", "-i", "inputs/hello-world.json", "--poll-interval", "100ms"];
const authority = await createAuthority();
const issued = await authority.issue({ names: ["127.0.0.1"] });

Deno.test("without its authority nothing is submitted, and it is said what to do", async () => {
  await using simulator = await startSimulator();
  await using door = tlsDoor(simulator, issued);
  const { code, stdout, stderr } = await runProgram({
    args: [...RUN, "--json"],
    env: { PW_API_KEY: keyFor(door.url) },
  });
  assert.equal(code, 8, stderr);
  const { kind, submitted, error } = JSON.parse(stdout);
  assert.deepEqual([kind, submitted], ["unreachable", "no"]);
  assert.ok(
    error.message.includes(`the server's certificate is not trusted, so nothing was sent (${door.url}, request`),
  );
  for (const way of ["--cacert FILE", "PW_CA_CERT=FILE", "DENO_TLS_CA_STORE=system"]) {
    assert.ok(error.hint.includes(way));
  }
  assert.equal(simulator.received().length, 0);
});

for (const way of ["--cacert", "PW_CA_CERT"]) {
  Deno.test(`with its authority named by ${way} the main job is done, its submit included`, async () => {
    await using simulator = await startSimulator({ clock: fastClock(systemClock, 60) });
    await using door = tlsDoor(simulator, issued);
    await using folder = await emptyFolder();
    const file = `${folder.path}/authorities.pem`;
    // As they come: a word before, several of them, and a key that nobody asked for.
    await Deno.writeTextFile(file, `# ours\n${(await createAuthority("Other")).cert}${issued.key}${authority.cert}`);
    const { code, stdout, stderr } = await runProgram({
      args: way === "--cacert" ? ["--cacert", file, ...RUN] : RUN,
      env: { PW_API_KEY: keyFor(door.url), ...(way === "PW_CA_CERT" ? { PW_CA_CERT: file } : {}) },
    });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^✓ Workflow completed successfully\n$/m);
    assert.equal(submittedTo(simulator).length, 1);
  });
}

Deno.test("PW_CA_CERT in .env is not believed", async () => {
  await using simulator = await startSimulator();
  await using folder = await emptyFolder();
  await Deno.writeTextFile(`${folder.path}/.env`, "PW_CA_CERT=nowhere.pem\n");
  assert.equal((await runProgram({ args: ["list"], cwd: folder.path, env: { PW_API_KEY: simulator.key } })).code, 0);
});

Deno.test("HTTPS_PROXY and NO_PROXY hold for all connections, the submit's own included", async () => {
  await using simulator = await startSimulator({ clock: fastClock(systemClock, 60) });
  await using door = tlsDoor(simulator, issued);
  await using folder = await emptyFolder();
  await using proxy = connectProxy();
  const file = `${folder.path}/ca.pem`;
  await Deno.writeTextFile(file, authority.cert);
  const env = { PW_API_KEY: keyFor(door.url), PW_CA_CERT: file, HTTPS_PROXY: proxy.url, DENO_NO_UPDATE_CHECK: "1" };
  const through = await runProgram({ args: RUN, env: { ...env, NO_PROXY: "" } });
  assert.equal(through.code, 0, through.stderr);
  const { host } = new URL(door.url);
  // One for the reads, one for the submit.
  assert.deepEqual(proxy.asked, [`CONNECT ${host} HTTP/1.1`, `CONNECT ${host} HTTP/1.1`]);
  const past = await runProgram({ args: ["list"], env: { ...env, NO_PROXY: "127.0.0.1" } });
  assert.equal(past.code, 0, past.stderr);
  assert.equal(proxy.asked.length, 2);
});

interface Refusal {
  readonly what: string;
  /** `null` for no file at all. */
  readonly text: string | null;
  readonly code: number;
  readonly says: RegExp;
}

const REFUSALS: readonly Refusal[] = [
  {
    what: "a file that is not there",
    text: null,
    code: 5,
    says: /Cannot trust .*ca\.pem \(--cacert\): there is no such file/,
  },
  { what: "an empty file", text: "", code: 2, says: /ca\.pem \(--cacert\): it holds no certificate in PEM form/ },
  { what: "a key alone", text: issued.key, code: 2, says: /holds no certificate in PEM form\n.*BEGIN CERTIFICATE/ },
  {
    what: "a broken certificate after a good one",
    text: `${authority.cert}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
    code: 2,
    says: /its certificate 2 cannot be read/,
  },
];

for (const { what, text, code, says } of REFUSALS) {
  Deno.test(`--cacert with ${what} is refused before anything is sent`, async () => {
    await using simulator = await startSimulator();
    await using folder = await emptyFolder();
    const file = `${folder.path}/ca.pem`;
    if (text !== null) await Deno.writeTextFile(file, text);
    const ending = await runProgram({ args: ["list", "--cacert", file], env: { PW_API_KEY: simulator.key } });
    assert.equal(ending.code, code, ending.stderr);
    assert.match(ending.stderr, says);
    assert.equal(simulator.received().length, 0);
  });
}

/** The simulator behind TLS: what comes is handed on, under the key that the simulator knows. */
function tlsDoor(simulator: Simulator, { cert, key }: Issued) {
  const authorization = `Basic ${btoa(`${simulator.key}:`)}`;
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {}, cert, key };
  const server = Deno.serve(options, async ({ url, method, headers, body }) => {
    const { pathname, search } = new URL(url);
    const handedOn = new Headers(headers);
    handedOn.set("authorization", authorization);
    return await fetch(simulator.url + pathname + search, { method, headers: handedOn, body, redirect: "manual" });
  });
  return {
    url: `https://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** As much of a proxy as TLS needs: it joins two connections. */
function connectProxy() {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const asked: string[] = [];
  const joined = new Set<Promise<unknown>>();
  const join = async (outer: Deno.TcpConn) => {
    const buffer = new Uint8Array(4096);
    const count = await outer.read(buffer) ?? 0;
    const [line = ""] = new TextDecoder().decode(buffer.subarray(0, count)).split("\r\n");
    asked.push(line);
    const port = Number(/:(\d+) /.exec(line)?.[1]);
    const inner = await Deno.connect({ hostname: "127.0.0.1", port });
    await outer.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\n\r\n"));
    await Promise.allSettled([outer.readable.pipeTo(inner.writable), inner.readable.pipeTo(outer.writable)]);
  };
  const accepting = (async () => {
    for await (const outer of listener) joined.add(join(outer));
  })();
  return {
    url: `http://127.0.0.1:${listener.addr.port}`,
    asked,
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      await Promise.all(joined);
    },
  };
}
