/** The minimum that has a cron trigger and opens the store. */

Deno.cron("bare", "* * * * *", () => {});
const kv = await Deno.openKv(Deno.args[0]);
await kv.set(["tick"], Date.now());
console.log("ticked");
