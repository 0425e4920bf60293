/** Held on every supported runtime with real handshakes: only they tell how the runtime words what is wrong. */

import assert from "node:assert/strict";
import { Unreachable } from "../../lib/errors.ts";
import { createAuthority, type Issued, type RunSpec } from "../support/certificates.ts";
import { clientOf } from "./support/servers.ts";

const HERE = { names: ["127.0.0.1"] } as const;
const LONG_AGO = new Date(Date.UTC(2021, 0, 1));
const FAR_AHEAD = new Date(Date.UTC(2110, 0, 1));

interface Row {
  readonly what: string;
  readonly spec: RunSpec;
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
    hint: /clock.*renewed/,
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
  Deno.test(`${what} is told as such at once, for a read and for a submit`, async () => {
    await using server = serveOver(await authority.issue(spec));
    using trusted = trustIn(isTrusted ? authority.cert : null);
    const client = await clientOf(server.url, trusted);
    const answer = await client.submit(SUBMISSION, {});
    assert.ok(answer.type === "not-sent");
    const read = await client.listWorkflows({}).then(() => assert.fail("it was read"), (error: unknown) => error);
    for (const [act, error] of [["submit quick", answer.error], ["list workflows", read]] as const) {
      assert.ok(error instanceof Unreachable, Deno.inspect(error));
      assert.ok(error.message.startsWith(`Cannot ${act}: ${message} (${server.url}, request `), error.message);
      assert.match(error.hint ?? "", hint);
      assert.equal(error.submitted, "no");
    }
    assert.deepEqual(server.received, []);
  });
}

Deno.test("an authority's certificate that a server shows as its own is told as such", async () => {
  const own = await createAuthority();
  await using server = serveOver(own);
  using trusted = trustIn(own.cert);
  const client = await clientOf(server.url, trusted);
  await assert.rejects(client.listWorkflows({}), /shows an authority's certificate as its own, so nothing was sent/);
});

Deno.test("with its authority trusted a server is read and submitted to", async () => {
  await using server = serveOver(await authority.issue(HERE));
  using trusted = trustIn(authority.cert);
  const client = await clientOf(server.url, trusted);
  assert.deepEqual(await client.listWorkflows({}), []);
  const answer = await client.submit(SUBMISSION, {});
  assert.equal(answer.type, "ambiguous"); // it was answered, though not with a run
  assert.deepEqual(server.received, ["GET /api/workflows", "POST /api/workflow-runs"]);
});

/** What to give a client; closes the connections that it keeps. */
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

function serveOver({ cert, key }: Issued) {
  const received: string[] = [];
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {}, cert, key };
  const server = Deno.serve(options, async (request) => {
    received.push(`${request.method} ${new URL(request.url).pathname}`);
    await request.body?.cancel();
    return Response.json([]);
  });
  return {
    url: `https://127.0.0.1:${server.addr.port}`,
    received,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
