/** Uses real handshakes, because the wording of the errors depends on the runtime's version. */

import assert from "node:assert/strict";
import { ResponseLost, Unreachable } from "../../lib/errors.ts";
import { type CertificateSpec, createAuthority, type Issued } from "../support/certificates.ts";
import { virtualClock } from "../support/virtual_clock.ts";
import { clientOf } from "./support/servers.ts";

const HERE = { names: ["127.0.0.1"] } as const;
const LONG_AGO = new Date(Date.UTC(2021, 0, 1));
const FAR_AHEAD = new Date(Date.UTC(2110, 0, 1));

interface Row {
  readonly what: string;
  readonly spec: CertificateSpec;
  readonly isTrusted: boolean;
  readonly message: string;
  readonly hint: RegExp;
}

const ROWS: readonly Row[] = [
  {
    what: "an authority that is not trusted",
    spec: HERE,
    isTrusted: false,
    message: "the server's certificate is not trusted, so nothing was sent",
    hint: /--cacert FILE or PW_CA_CERT=FILE.*DENO_TLS_CA_STORE=system/,
  },
  {
    what: "an expired certificate",
    spec: { ...HERE, notAfter: LONG_AGO },
    isTrusted: true,
    message: "the server's certificate has expired, so nothing was sent",
    hint: /clock.*renew/,
  },
  {
    what: "a certificate that is not valid yet",
    spec: { ...HERE, notBefore: FAR_AHEAD },
    isTrusted: true,
    message: "the server's certificate is not valid yet, so nothing was sent",
    hint: /clock/,
  },
  {
    what: "a certificate for other hosts",
    spec: { names: ["other.example", "10.0.0.1"] },
    isTrusted: true,
    message: "the server's certificate is not for this host, so nothing was sent: it is for other.example, 10.0.0.1",
    hint: /the host that the key names/,
  },
  {
    what: "a certificate for no host",
    spec: { names: [] },
    isTrusted: true,
    message: "the server's certificate is not for this host, so nothing was sent",
    hint: /the host that the key names/,
  },
];

const SUBMISSION = { workflow: "quick", inputs: {}, slug: null, displayName: null, consent: null } as const;
const authority = await createAuthority();

for (const { what, spec, isTrusted, message, hint } of ROWS) {
  Deno.test(`${what} is reported at once, for a read and for a submit`, async () => {
    await using server = serveOver(await authority.issue(spec));
    using trusted = trustIn(isTrusted ? authority.cert : null);
    const clock = virtualClock();
    const client = await clientOf(server.url, { ...trusted, clock });
    const response = await client.submit(SUBMISSION, {});
    assert.ok(response.type === "not-sent");
    const readError = await client.listWorkflows({}).then(
      () => assert.fail("the read succeeded"),
      (error: unknown) => error,
    );
    for (const [action, error] of [["submit quick", response.error], ["list workflows", readError]] as const) {
      assert.ok(error instanceof Unreachable, Deno.inspect(error));
      assert.ok(error.message.startsWith(`Cannot ${action}: ${message} (${server.url}, request `), error.message);
      assert.match(error.commandHint ?? "", hint);
      assert.equal(error.submitted, "no");
    }
    assert.deepEqual(server.received, []);
    // Trying again would not help.
    assert.equal(clock.sleptMs, 0);
  });
}

Deno.test("a certificate authority's own certificate is rejected", async () => {
  const own = await createAuthority();
  await using server = serveOver(own);
  using trusted = trustIn(own.cert);
  const client = await clientOf(server.url, trusted);
  await assert.rejects(
    client.listWorkflows({}),
    /presents a certificate authority's certificate as its own, so nothing was sent/,
  );
});

Deno.test("reads and submits succeed once the server's certificate authority is trusted", async () => {
  await using server = serveOver(await authority.issue(HERE));
  using trusted = trustIn(authority.cert);
  const client = await clientOf(server.url, trusted);
  assert.deepEqual(await client.listWorkflows({}), []);
  const response = await client.submit(SUBMISSION, {});
  assert.equal(response.type, "ambiguous"); // a response arrived, but without a run
  assert.deepEqual(server.received, ["GET /api/workflows", "POST /api/workflow-runs"]);
});

Deno.test("a connection that died silently is used for one request without a response, also over HTTP/2", async () => {
  const clock = virtualClock();
  const ports: number[] = [];
  const never = Promise.withResolvers<Response>();
  await using server = serveOver(await authority.issue(HERE), (port) => {
    const isDead = ports.includes(port);
    ports.push(port);
    if (!isDead) return Response.json([]);
    clock.advance(30_000);
    return never.promise;
  });
  using trusted = trustIn(authority.cert);
  const client = await clientOf(server.url, { ...trusted, clock });
  const list = () => client.listWorkflows({ retry: "none" });
  assert.deepEqual(await list(), []);
  await assert.rejects(list, ResponseLost);
  never.resolve(new Response());
  assert.equal(ports[0], ports[1]);
  assert.deepEqual(await list(), []);
});

/** Client options that trust a certificate; disposing closes the client's connections. */
function trustIn(cert: string | null) {
  const clients: Deno.HttpClient[] = [];
  const createHttpClient: typeof Deno.createHttpClient = (options) => {
    const client = Deno.createHttpClient(options);
    clients.push(client);
    return client;
  };
  return {
    createHttpClient,
    caCerts: cert === null ? undefined : [cert],
    [Symbol.dispose]() {
      for (const client of clients) {
        try {
          client.close();
        } catch (error) {
          if (!(error instanceof Deno.errors.BadResource)) throw error;
        }
      }
    },
  };
}

/** @param respond Receives the client's port, which identifies the connection. */
function serveOver(
  { cert, key }: Issued,
  respond: (port: number) => Response | Promise<Response> = () => Response.json([]),
) {
  const received: string[] = [];
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {}, cert, key };
  const server = Deno.serve(options, async (request, { remoteAddr }) => {
    received.push(`${request.method} ${new URL(request.url).pathname}`);
    await request.body?.cancel();
    return await respond(remoteAddr.port);
  });
  return {
    url: `https://127.0.0.1:${server.addr.port}`,
    received,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
