/** Uses real sockets, because the wording of the errors depends on the runtime's version. */

import assert from "node:assert/strict";
import { readNetworkError } from "../../lib/platform/network_error.ts";
import { CLOSED_PORT, rawServer } from "./support/servers.ts";

async function thrownBy(call: () => Promise<unknown>): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error("Nothing was thrown");
}

async function textOf(url: string, init?: RequestInit): Promise<string> {
  return await (await fetch(url, init)).text();
}

async function assertNetworkError(call: () => Promise<unknown>, kind: string, isSent: "no" | "unknown") {
  const error = await thrownBy(call);
  const read = readNetworkError(error);
  assert.deepEqual([read.kind, read.isSent], [kind, isSent], Deno.inspect(error));
}

Deno.test("a closed port is refused: nothing was sent", async () => {
  await assertNetworkError(() => textOf(`http://127.0.0.1:${CLOSED_PORT}/`), "refused", "no");
});

Deno.test("a host name that does not exist: nothing was sent", async () => {
  await assertNetworkError(() => textOf("http://tls-certificate.refused.invalid/"), "name", "no");
});

Deno.test("TLS to a plain-text port: nothing was sent", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const respondInPlainText = async () => {
    using connection = await listener.accept();
    await connection.write(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
    await connection.read(new Uint8Array(1024));
  };
  const responded = respondInPlainText();
  await assertNetworkError(() => textOf(`https://127.0.0.1:${listener.addr.port}/`), "tls", "no");
  await responded;
});

Deno.test("TLS to a port that closes the connection: nothing was sent", async () => {
  await using server = rawServer(null);
  await assertNetworkError(() => textOf(`https://127.0.0.1:${server.port}/`), "tls", "no");
});

Deno.test("a connection closed before reading: the request may have been sent", async () => {
  await using server = rawServer(null);
  await assertNetworkError(() => textOf(server.url, { method: "POST", body: "{}" }), "cut", "unknown");
});

Deno.test("a connection closed after reading: the request may have been sent", async () => {
  await using server = rawServer(() => null);
  await assertNetworkError(() => textOf(server.url, { method: "POST", body: new Blob(["{}"]) }), "cut", "unknown");
  assert.equal(server.requests(), 1);
});

Deno.test("a truncated body: the request may have been sent", async () => {
  await using server = rawServer(() => 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"a"');
  await assertNetworkError(() => textOf(server.url), "cut", "unknown");
});

Deno.test("a response that is not HTTP: the request may have been sent", async () => {
  await using server = rawServer(() => "220 mail.example ESMTP\r\n\r\n");
  await assertNetworkError(() => textOf(server.url), "unknown", "unknown");
});

Deno.test({
  name: "a host without net permission: nothing was sent",
  permissions: { net: ["127.0.0.1:9"] },
  async fn() {
    await assertNetworkError(() => textOf("http://127.0.0.1:1024/"), "denied", "no");
  },
});

for (
  const [status, kind] of [["407 Proxy Authentication Required", "proxy-login"], ["403 Forbidden", "proxy"]] as const
) {
  Deno.test(`a proxy that answers ${status}: nothing was sent`, async () => {
    await using proxy = rawServer(() => `HTTP/1.1 ${status}\r\ncontent-length: 0\r\n\r\n`);
    using client = Deno.createHttpClient({ proxy: { url: proxy.url } });
    await assertNetworkError(() => textOf("https://activate.invalid/", { client } as RequestInit), kind, "no");
    assert.equal(proxy.requests("CONNECT"), 1);
  });
}

// Not all versions of Deno block ports.
Deno.test("a port that fetch blocks: nothing was sent", () => {
  const { kind, isSent } = readNetworkError(new TypeError("Fetch failed: Requests to port 1 are blocked"));
  assert.deepEqual([kind, isSent], ["blocked-port", "no"]);
});

Deno.test("a connection that Windows reports as reset or aborted: the request may have been sent", () => {
  for (
    const reason of [
      "An existing connection was forcibly closed by the remote host. (os error 10054)",
      "Eine bestehende Verbindung wurde softwaregesteuert durch den Hostcomputer abgebrochen. (os error 10053)",
    ]
  ) {
    const { kind, isSent } = readNetworkError(new TypeError("fetch failed", { cause: new Error(reason) }));
    assert.deepEqual([kind, isSent], ["cut", "unknown"]);
  }
});

const UNKNOWN = [new TypeError("something new"), new Error("x", { cause: "y" }), "text", undefined];
for (const error of UNKNOWN) {
  Deno.test(`an unrecognized error, the request may have been sent: ${Deno.inspect(error).split("\n")[0]}`, () => {
    assert.deepEqual([readNetworkError(error).kind, readNetworkError(error).isSent], ["unknown", "unknown"]);
  });
}

const MESSAGES: readonly (readonly [string, string])[] = [
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
  ["unsuccessful tunnel", "proxy"],
];
for (const [message, kind] of MESSAGES) {
  Deno.test(`"${message}" is classified as ${kind} on both generations`, () => {
    const text = `error sending request for url (https://ssl.proxy.example/): client error (Connect): ${message}`;
    assert.equal(readNetworkError(new TypeError(text)).kind, kind);
    const newer = readNetworkError(new TypeError("fetch failed", { cause: new Error(text) }));
    assert.deepEqual([newer.kind, newer.isSent], [kind, "no"]);
  });
}
