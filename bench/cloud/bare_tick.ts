/** As little as opens the store and would be rung. */

Deno.cron("bare", "* * * * *", () => {});
const kv = await Deno.openKv(Deno.args[0]);
await kv.set(["tick"], Date.now());
console.log("ticked");
