/** A platform behind a private certificate authority, tested through TLS with real processes. */

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

Deno.test("without the CA certificate nothing is submitted and the hint names the options", async () => {
  await using simulator = await startSimulator();
  await using tls = tlsProxy(simulator, issued);
  const { code, stdout, stderr } = await runProgram({
    args: [...RUN, "--json"],
    env: { PW_API_KEY: keyFor(tls.url) },
  });
  assert.equal(code, 8, stderr);
  const { kind, submitted, error } = JSON.parse(stdout);
  assert.deepEqual([kind, submitted], ["unreachable", "no"]);
  assert.ok(
    error.message.includes(`the server's certificate is not trusted, so nothing was sent (${tls.url}, request`),
  );
  for (const option of ["--cacert FILE", "PW_CA_CERT=FILE", "DENO_TLS_CA_STORE=system"]) {
    assert.ok(error.hint.includes(option));
  }
  assert.equal(simulator.received().length, 0);
});

for (const source of ["--cacert", "PW_CA_CERT"]) {
  Deno.test(`with the CA certificate from ${source}, a run is submitted and tracked`, async () => {
    await using simulator = await startSimulator({ clock: fastClock(systemClock, 60) });
    await using tls = tlsProxy(simulator, issued);
    await using folder = await emptyFolder();
    const file = `${folder.path}/authorities.pem`;
    // A realistic file: a comment, several certificates and a private key.
    await Deno.writeTextFile(file, `# ours\n${(await createAuthority("Other")).cert}${issued.key}${authority.cert}`);
    const { code, stdout, stderr } = await runProgram({
      args: source === "--cacert" ? ["--cacert", file, ...RUN] : RUN,
      env: { PW_API_KEY: keyFor(tls.url), ...(source === "PW_CA_CERT" ? { PW_CA_CERT: file } : {}) },
    });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^✓ Workflow completed successfully\n$/m);
    assert.equal(submittedTo(simulator).length, 1);
  });
}

Deno.test("PW_CA_CERT in .env is ignored", async () => {
  await using simulator = await startSimulator();
  await using folder = await emptyFolder();
  await Deno.writeTextFile(`${folder.path}/.env`, "PW_CA_CERT=nowhere.pem\n");
  assert.equal((await runProgram({ args: ["list"], cwd: folder.path, env: { PW_API_KEY: simulator.key } })).code, 0);
});

Deno.test("HTTPS_PROXY and NO_PROXY apply to all connections, including the one that submits", async () => {
  await using simulator = await startSimulator({ clock: fastClock(systemClock, 60) });
  await using tls = tlsProxy(simulator, issued);
  await using folder = await emptyFolder();
  await using proxy = connectProxy();
  const file = `${folder.path}/ca.pem`;
  await Deno.writeTextFile(file, authority.cert);
  const env = { PW_API_KEY: keyFor(tls.url), PW_CA_CERT: file, HTTPS_PROXY: proxy.url, DENO_NO_UPDATE_CHECK: "1" };
  const proxied = await runProgram({ args: RUN, env: { ...env, NO_PROXY: "" } });
  assert.equal(proxied.code, 0, proxied.stderr);
  const { host } = new URL(tls.url);
  // One for the submit, and at least one for the reads before it.
  assert.ok(proxy.requests.length >= 2, `${proxy.requests}`);
  assert.deepEqual([...new Set(proxy.requests)], [`CONNECT ${host} HTTP/1.1`]);
  const before = proxy.requests.length;
  const direct = await runProgram({ args: ["list"], env: { ...env, NO_PROXY: "127.0.0.1" } });
  assert.equal(direct.code, 0, direct.stderr);
  assert.equal(proxy.requests.length, before);
});

interface Refusal {
  readonly what: string;
  /** `null` if the file does not exist. */
  readonly text: string | null;
  readonly code: number;
  readonly message: RegExp;
}

const REFUSALS: readonly Refusal[] = [
  {
    what: "a missing file",
    text: null,
    code: 2,
    message: /Cannot trust .*ca\.pem \(--cacert\): no such file/,
  },
  { what: "an empty file", text: "", code: 2, message: /ca\.pem \(--cacert\): the file contains no PEM certificate/ },
  { what: "a key alone", text: issued.key, code: 2, message: /contains no PEM certificate\n.*BEGIN CERTIFICATE/ },
  {
    what: "a broken certificate after a valid one",
    text: `${authority.cert}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
    code: 2,
    message: /certificate 2 cannot be read/,
  },
];

for (const { what, text, code, message } of REFUSALS) {
  Deno.test(`--cacert with ${what} is refused before any request`, async () => {
    await using simulator = await startSimulator();
    await using folder = await emptyFolder();
    const file = `${folder.path}/ca.pem`;
    if (text !== null) await Deno.writeTextFile(file, text);
    const result = await runProgram({ args: ["list", "--cacert", file], env: { PW_API_KEY: simulator.key } });
    assert.equal(result.code, code, result.stderr);
    assert.match(result.stderr, message);
    assert.equal(simulator.received().length, 0);
  });
}

/** Serves the simulator over TLS, and forwards requests with its API key. */
function tlsProxy(simulator: Simulator, { cert, key }: Issued) {
  const authorization = `Basic ${btoa(`${simulator.key}:`)}`;
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {}, cert, key };
  const server = Deno.serve(options, async ({ url, method, headers, body }) => {
    const { pathname, search } = new URL(url);
    const forwarded = new Headers(headers);
    forwarded.set("authorization", authorization);
    return await fetch(simulator.url + pathname + search, { method, headers: forwarded, body, redirect: "manual" });
  });
  return {
    url: `https://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** The part of an HTTP proxy that TLS needs: CONNECT. */
function connectProxy() {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const requests: string[] = [];
  const joined = new Set<Promise<unknown>>();
  const join = async (outer: Deno.TcpConn) => {
    const buffer = new Uint8Array(4096);
    const count = await outer.read(buffer) ?? 0;
    const [line = ""] = new TextDecoder().decode(buffer.subarray(0, count)).split("\r\n");
    requests.push(line);
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
    requests,
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      await Promise.all(joined);
    },
  };
}
