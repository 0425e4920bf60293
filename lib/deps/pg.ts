// The only file that names this package, a client of PostgreSQL. It is imported when a store is opened by such a URL:
// loading it takes 50 to 100 ms. It reads PGHOST, PGPASSWORD and other PG… variables for what the URL leaves out.
// Its smaller rival `postgres` (3.4.9) does not survive a server that dies in the middle of a transaction: it writes to
// the socket that is gone, from a timer, and the exception ends the process.
// @ts-types="npm:@types/pg@8.23.1"
export { Pool, type QueryConfig } from "npm:pg@8.23.1";
