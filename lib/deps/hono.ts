// The only file that names this package: its smallest router, and its HTML templates. Loading it takes about 20 ms, which
// `GET /healthz` does without.
export { Hono } from "npm:hono@4.13.19/tiny";
export { html, raw } from "npm:hono@4.13.19/html";
