/** The minimum that serves and opens the store; sends itself one request. */

const kv = await Deno.openKv(Deno.args[0]);
const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async () => {
  await kv.get(["anything"]);
  return new Response("ok");
});
await (await fetch(`http://127.0.0.1:${server.addr.port}/`)).text();
console.log("answered");
