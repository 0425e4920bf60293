// The only file that names this package, a client of PostgreSQL. It is imported when a store is opened by such a URL:
// loading it takes 30 to 150 ms. Known oddities, all kept inside `store/postgres_kv.ts`:
// - A query outside of an explicit transaction resolves before its commit ends, and an error of that commit is lost.
// - It waits longer and longer before it connects again, also where the caller waits already.
// - It reads PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE and other PG… variables for what the URL leaves out.
export { default as postgres } from "npm:postgres@3.4.9";
