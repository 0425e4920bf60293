/** The minimum of a client: one request with the key from the environment. */

const key = Deno.env.get("PW_API_KEY") ?? "";
const host = atob((key.split(".")[0] ?? "").replace("pwt_", "").replaceAll("-", "+").replaceAll("_", "/"));
const response = await fetch(`${host}/api/workflows`, { headers: { authorization: `Basic ${btoa(`${key}:`)}` } });
console.log(JSON.stringify(await response.json()));
