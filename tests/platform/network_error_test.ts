/** Held on every supported runtime with real sockets: only they tell how the runtime words its errors. */

import assert from "node:assert/strict";
import { readNetworkError } from "../../lib/platform/network_error.ts";
import { closedPort, rawServer } from "./support/servers.ts";

async function thrownBy(act: () => Promise<unknown>): Promise<unknown> {
  try {
    await act();
  } catch (error) {
    return error;
  }
  throw new Error("Nothing was thrown");
}

async function textOf(url: string, init?: RequestInit): Promise<string> {
  return await (await fetch(url, init)).text();
}

async function assertTrouble(act: () => Promise<unknown>, trouble: string, isSent: "no" | "unknown") {
  const error = await thrownBy(act);
  const read = readNetworkError(error);
  assert.deepEqual([read.trouble, read.isSent], [trouble, isSent], Deno.inspect(error));
}

Deno.test("a port that nobody listens on: refused, nothing sent", async () => {
  await assertTrouble(() => textOf(`http://127.0.0.1:${closedPort()}/`), "refused", "no");
});

Deno.test("a name that does not exist: nothing sent", async () => {
  await assertTrouble(() => textOf("http://tls-certificate.refused.invalid/"), "name", "no");
});

Deno.test("TLS to a port that speaks plain text: nothing sent", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const answerPlainly = async () => {
    using connection = await listener.accept();
    await connection.write(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
    await connection.read(new Uint8Array(1024));
  };
  const answered = answerPlainly();
  await assertTrouble(() => textOf(`https://127.0.0.1:${listener.addr.port}/`), "tls", "no");
  await answered;
});

Deno.test("TLS to a port that hangs up: nothing sent", async () => {
  await using server = rawServer(null);
  await assertTrouble(() => textOf(`https://127.0.0.1:${server.port}/`), "tls", "no");
});

Deno.test("a connection closed unread: it may have been sent", async () => {
  await using server = rawServer(null);
  await assertTrouble(() => textOf(server.url, { method: "POST", body: "{}" }), "cut", "unknown");
});

Deno.test("a connection closed after the request was read: it may have been sent", async () => {
  await using server = rawServer(() => null);
  await assertTrouble(() => textOf(server.url, { method: "POST", body: "{}" }), "cut", "unknown");
  assert.equal(server.requests(), 1);
});

Deno.test("a body cut short: it may have been sent", async () => {
  await using server = rawServer(() => 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"a"');
  await assertTrouble(() => textOf(server.url), "cut", "unknown");
});

Deno.test("an answer that is no HTTP: it may have been sent", async () => {
  await using server = rawServer(() => "220 mail.example ESMTP\r\n\r\n");
  await assertTrouble(() => textOf(server.url), "unknown", "unknown");
});

Deno.test({
  name: "a host that the runtime may not speak to: nothing sent",
  permissions: { net: ["127.0.0.1:9"] },
  async fn() {
    await assertTrouble(() => textOf("http://127.0.0.1:1024/"), "denied", "no");
  },
});

const UNKNOWN = [new TypeError("something new"), new Error("x", { cause: "y" }), "text", undefined];
for (const error of UNKNOWN) {
  Deno.test(`what is not recognised may have been sent: ${Deno.inspect(error).split("\n")[0]}`, () => {
    assert.deepEqual([readNetworkError(error).trouble, readNetworkError(error).isSent], ["unknown", "unknown"]);
  });
}

const WORDED: readonly (readonly [string, string])[] = [
  ["tcp connect error: Connection refused (os error 61)", "refused"],
  [
    "tcp connect error: No connection could be made because the machine actively refused it. (os error 10061)",
    "refused",
  ],
  ["dns error: No such host is known. (os error 11001)", "name"],
  ["tcp connect error: Connection timed out (os error 110)", "unreachable"],
  ["tcp connect error: No route to host (os error 113)", "unreachable"],
  ["invalid peer certificate: UnknownIssuer", "untrusted"],
  ["invalid peer certificate: NotValidForName", "wrong-name"],
  ["invalid peer certificate: Expired", "expired"],
  [
    'invalid peer certificate: certificate not valid for name "a"; certificate is only valid for ' +
    'DnsName("tunnel.dns error.example")',
    "wrong-name",
  ],
  ["invalid peer certificate: BadSignature", "bad-certificate"],
  ["received fatal alert: HandshakeFailure", "tls"],
  ["unsuccessful tunnel", "unreachable"],
];
for (const [words, trouble] of WORDED) {
  Deno.test(`"${words}" is read as ${trouble} on both generations`, () => {
    const text = `error sending request for url (https://ssl.proxy.example/): client error (Connect): ${words}`;
    assert.equal(readNetworkError(new TypeError(text)).trouble, trouble);
    const newer = readNetworkError(new TypeError("fetch failed", { cause: new Error(text) }));
    assert.deepEqual([newer.trouble, newer.isSent], [trouble, "no"]);
  });
}
