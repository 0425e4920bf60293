/**
 * A store in PostgreSQL, for a team and for more than one process.
 *
 * A function of the database checks and writes, in one round trip and one transaction. A lock orders all writes: it lasts
 * as long as the transaction, so that it also works behind a connection pooler, and a check of an absent key holds.
 */

import type { QueryConfig } from "../deps/pg.ts";
import { expected, StorageError } from "../errors.ts";
import { COMMON_LIMITS, type StoreBackend, type StoreRow, toStorageError } from "./backend.ts";

/** Reads while others write, and little of what a small server allows. */
const MAX_CONNECTIONS = 4;
const CONNECT_TIMEOUT_MS = 10_000;
/** A network that lost the response reports nothing. */
const QUERY_TIMEOUT_MS = 60_000;

/**
 * `pw_kv_writes` holds the writes that their writer may not know to be done: one that is sent again is found there. The
 * number is "pwkv" in hexadecimal. A function that does something else gets another name, because programs of several
 * versions may share a database.
 */
const SCHEMA = `
SELECT pg_advisory_xact_lock(x'70776b76'::int);
CREATE TABLE IF NOT EXISTS pw_kv (key text COLLATE "C" PRIMARY KEY, value jsonb NOT NULL, version text NOT NULL);
CREATE TABLE IF NOT EXISTS pw_kv_writes (version text PRIMARY KEY, written_at timestamptz NOT NULL DEFAULT now());
CREATE OR REPLACE FUNCTION pw_kv_write(change jsonb, name text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE 'the run store needs default_transaction_isolation = read committed';
  END IF;
  PERFORM pg_advisory_xact_lock(x'70776b76'::int);
  DELETE FROM pw_kv_writes WHERE version IN (SELECT jsonb_array_elements_text(change->'known'));
  IF EXISTS (SELECT FROM pw_kv_writes WHERE version = name) THEN
    RETURN true;
  END IF;
  IF EXISTS (
    SELECT FROM jsonb_to_recordset(change->'checks') AS wanted(key text, version text)
    LEFT JOIN pw_kv ON pw_kv.key = wanted.key WHERE pw_kv.version IS DISTINCT FROM wanted.version
  ) THEN
    RETURN false;
  END IF;
  DELETE FROM pw_kv WHERE key IN (SELECT jsonb_array_elements_text(change->'deletes'));
  INSERT INTO pw_kv SELECT key, coalesce(value, 'null'), name
    FROM jsonb_to_recordset(change->'sets') AS given(key text, value jsonb)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = excluded.version;
  INSERT INTO pw_kv SELECT key, to_jsonb("by"), name
    FROM jsonb_to_recordset(change->'sums') AS given(key text, "by" numeric)
    ON CONFLICT (key) DO UPDATE
    SET value = to_jsonb(pw_kv.value::numeric + excluded.value::numeric), version = excluded.version;
  INSERT INTO pw_kv_writes (version) VALUES (name);
  RETURN true;
END $$`;

const SELECT = "SELECT key, value::text AS json, version FROM pw_kv WHERE";
/** By the names under which a connection prepares them. */
const STATEMENTS = {
  pw_read: `${SELECT} key = ANY($1::text[])`,
  pw_page: `${SELECT} key >= $1 AND key < $2 ORDER BY key LIMIT $3`,
  pw_page_reverse: `${SELECT} key >= $1 AND key < $2 ORDER BY key DESC LIMIT $3`,
  pw_write: "SELECT pw_kv_write($1::jsonb, $2) AS is_written",
} as const;

/** @throws StorageError, which never holds the password of `url`. */
export async function openPostgresBackend(url: string): Promise<StoreBackend> {
  const { Pool } = await import("../deps/pg.ts");
  const pool = new Pool({
    connectionString: withVerifiedTls(url),
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    keepAlive: true,
    application_name: "pw-workflow-runner",
  });
  // An idle connection that breaks is replaced by the next query; without a listener its error would be uncaught.
  pool.on("error", () => {});
  const run = async (query: QueryConfig) => {
    for (let isLast = false;; isLast = true) {
      try {
        return (await pool.query(query)).rows;
      } catch (error) {
        // Once, because each attempt waits long: the write is found if it was done after all.
        if (isLast || !isUnanswered(error)) throw asStorageError(error, url);
      }
    }
  };
  const execute = (name: keyof typeof STATEMENTS, values: unknown[]) => run({ name, text: STATEMENTS[name], values });
  const select = async (...query: Parameters<typeof execute>): Promise<StoreRow[]> =>
    (await execute(...query)).map(({ key, json, version }) => ({ key, json: unescapeJson(json), version }));
  /** Writes that were answered: the next write removes them. */
  let known: string[] = [];

  try {
    const [found] = await run({ text: "SELECT to_regprocedure('pw_kv_write(jsonb, text)') IS NOT NULL AS is_there" });
    if (!found?.is_there) await run({ text: SCHEMA });
    // Of processes that ended before their next write. Who may only read is not to be refused for it.
    await run({ text: "DELETE FROM pw_kv_writes WHERE written_at < now() - interval '1 day'" })
      .catch(expected(StorageError));
  } catch (error) {
    await pool.end();
    throw error;
  }
  return {
    limits: COMMON_LIMITS,
    read: (keys) => select("pw_read", [keys]),
    page: ({ start, end, limit, reverse }) => select(reverse ? "pw_page_reverse" : "pw_page", [start, end, limit]),
    async write({ version, checks, sets, deletes, sums }) {
      const rest = JSON.stringify({ checks, deletes, sums, known });
      known = [];
      const rows = sets.map(({ key, json }) => `{"key":${JSON.stringify(key)},"value":${escapeJson(json)}}`);
      const change = `{"sets":[${rows}],${rest.slice(1)}`;
      const [row] = await execute("pw_write", [change, version]);
      known.push(version);
      return row?.is_written ? version : undefined;
    },
    [Symbol.asyncDispose]: () => pool.end(),
  };
}

/** The client takes these modes for verify-full, and prints a long warning; many services give such URLs. */
function withVerifiedTls(url: string): string {
  if (url.includes("uselibpqcompat=true")) return url;
  return url.replace(/([?&]sslmode=)(prefer|require|verify-ca)(?=&|$)/, "$1verify-full");
}

/** jsonb refuses NUL and lone surrogates, which JSON writes as escapes: they become texts behind U+001A. */
function escapeJson(json: string): string {
  return json.replaceAll(/\\(?:u(0000|001a|d[89a-f]..)|.)/g, (escape, code) => code ? `\\u001a${code}` : escape);
}

function unescapeJson(json: string): string {
  return json.replaceAll(/\\(?:u001a(....)|.)/g, (escape, code) => code ? `\\u${code}` : escape);
}

const UNANSWERED = /^Query read timeout$/;

function isUnanswered(error: unknown): boolean {
  return error instanceof Error && UNANSWERED.test(error.message);
}

/** Errors that the client, or the runtime's TLS, reports only in words: what they mean, and what to do. */
const IN_WORDS = [
  [
    UNANSWERED,
    "it did not answer in time, but the change may have been written",
    "Check that the server runs, and what is stored, before you try again",
  ],
  [
    /client password must be a string/,
    "it requires a password, and none is given",
    "Set PGPASSWORD, or put it into the URL, like postgres://USER:PASSWORD@HOST/DATABASE",
  ],
  [
    /self-signed certificate|unable to (get|verify)|UnknownIssuer|CaUsedAsEndEntity/,
    "no known authority signed its certificate",
    "Name the authority's certificate in the URL: ?sslmode=require&sslrootcert=FILE",
  ],
] as const;

/** Lost connections, which the client reports only in words, and servers that start, stop or are full (SQLSTATE). */
function asStorageError(error: unknown, url: string): Error {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const { host, pathname } = new URL(url);
  const store = `run store postgres://${host}${pathname}`;
  const [, problem, hint] = IN_WORDS.find(([words]) => error instanceof Error && words.test(error.message)) ?? [];
  if (hint !== undefined) return new StorageError(`Cannot use the ${store}: ${problem}`, { hint, cause: error });
  return toStorageError(error, {
    store,
    hint: error instanceof Error && /^Requires \w+ access/.test(error.message)
      ? "Run it with `deno run --allow-net=HOST --allow-env=PG* …`, too"
      : "Check the URL, and that the server runs and accepts this user",
    isPassing: /^(ECONN\w+|ETIMEDOUT|E(HOST|NET)UNREACH|08\w{3}|57P0\d|53300|40001|40P01|25006)$/.test(code) ||
      error instanceof Error &&
        // With any code: Deno 2.4 also names EBADF and UNKNOWN where a connection was lost. A timeout took long already.
        /^((read|write) [A-Z]|This socket has been ended|Connection terminated(?!.*timeout)|Client has encountered a connection error)/
          .test(error.message),
  });
}
