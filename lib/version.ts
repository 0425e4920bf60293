/** What `--version` prints and the User-Agent says; a test holds it equal to `deno.json`. */
export const VERSION = "0.1.0";
