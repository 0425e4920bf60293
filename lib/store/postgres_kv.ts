/**
 * A store in PostgreSQL, for a team and for more than one process.
 *
 * One lock orders all writes: it lasts as long as a transaction, so that it also works behind a connection pooler, and a
 * check of an absent key holds without serializable isolation.
 */

import { type Backend, COMMON_LIMITS, type Row, toStorageError } from "./backend.ts";

/** "pwkv". */
const LOCK = 0x70776b76;
/** Reads while others write, and little of what a small server allows. */
const MAX_CONNECTIONS = 4;

/** `pw_kv_writes` holds the writes that the writer has not yet been answered, or does not yet know to be. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS pw_kv (key text COLLATE "C" PRIMARY KEY, value jsonb NOT NULL, version text NOT NULL);
  CREATE TABLE IF NOT EXISTS pw_kv_writes (version text PRIMARY KEY, written_at timestamptz NOT NULL DEFAULT now())`;

/** A process that is stopped in the middle of a write must not stop the others for good. */
const TAKE_LOCK = `SELECT set_config('idle_in_transaction_session_timeout', '10s', true),
  set_config('lock_timeout', '20s', true), pg_advisory_xact_lock(${LOCK})`;

/** $1 the write as JSON, $2 its version. A write that is sent again is found in pw_kv_writes, and not applied again. */
const WRITE = `
  WITH change AS (SELECT $1::text::jsonb AS c),
  checked AS (
    SELECT x.key COLLATE "C" AS key, x.version FROM change, jsonb_to_recordset(c->'checks') AS x(key text, version text)),
  state AS (SELECT EXISTS (SELECT FROM pw_kv_writes WHERE version = $2::text) AS is_done, NOT EXISTS (
    SELECT FROM checked LEFT JOIN pw_kv USING (key) WHERE pw_kv.version IS DISTINCT FROM checked.version) AS holds),
  go AS (SELECT c FROM change, state WHERE holds AND NOT is_done),
  removed AS (
    DELETE FROM pw_kv WHERE key IN (SELECT jsonb_array_elements_text(c->'deletes') FROM go)),
  stored AS (
    INSERT INTO pw_kv SELECT key, coalesce(value, 'null'), $2::text
    FROM go, jsonb_to_recordset(c->'sets') AS x(key text, value jsonb)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = excluded.version),
  added AS (
    INSERT INTO pw_kv SELECT key, value, $2::text FROM go, jsonb_to_recordset(c->'sums') AS x(key text, value jsonb)
    ON CONFLICT (key) DO UPDATE
    SET value = to_jsonb(pw_kv.value::numeric + excluded.value::numeric), version = excluded.version),
  noted AS (INSERT INTO pw_kv_writes (version) SELECT $2::text FROM go),
  known AS (DELETE FROM pw_kv_writes WHERE version IN (SELECT jsonb_array_elements_text(c->'known') FROM change))
  SELECT holds OR is_done AS is_written FROM state`;

/** Connections that were lost, servers that start or stop, and transactions that the server ended. */
const PASSING = /^(ECONN\w+|EPIPE|CONNECTION_\w+|ERR_STREAM_\w+|08\w{3}|57P0\d|53300|40001|40P01|25P03|25006)$/;

/** @throws StorageError, which never holds the password of `url`. */
export async function openPostgresBackend(url: string): Promise<Backend> {
  const { postgres } = await import("../deps/postgres.ts");
  const sql = postgres(url, {
    max: MAX_CONNECTIONS,
    backoff: () => 0,
    fetch_types: false,
    onnotice: () => {},
    connection: { application_name: "pw-workflow-runner" },
  });
  const run = async <T>(act: () => Promise<T>): Promise<T> => {
    try {
      return await act();
    } catch (error) {
      throw asStorageError(error, url);
    }
  };
  const select = async (where: string, parameters: (string | number)[]): Promise<Row[]> =>
    (await sql.unsafe(`SELECT key, value::text AS json, version FROM pw_kv WHERE ${where}`, parameters, {
      prepare: true,
    })).map(({ key, json, version }) => ({ key, json: unescapeJson(json), version }));
  let known: string[] = [];

  try {
    await run(async () => {
      const [found] = await sql`SELECT to_regclass('pw_kv_writes') IS NOT NULL AS is_there`;
      // Two processes that create one table at the same time would fail.
      if (!found?.is_there) await sql.begin((tx) => Promise.all([tx.unsafe(TAKE_LOCK), tx.unsafe(SCHEMA)]));
      await sql`DELETE FROM pw_kv_writes WHERE written_at < now() - interval '1 day'`;
    });
  } catch (error) {
    await sql.end({ timeout: 0 });
    throw error;
  }
  return {
    ...COMMON_LIMITS,
    read: (keys) =>
      run(() => select("key IN (SELECT jsonb_array_elements_text($1::text::jsonb))", [JSON.stringify(keys)])),
    page: ({ start, end, limit, reverse }) =>
      run(() =>
        select(`key >= $1 AND key < $2 ORDER BY key ${reverse ? "DESC" : "ASC"} LIMIT $3`, [start, end, limit])
      ),
    write: ({ version, checks, sets, deletes, sums }) =>
      run(async () => {
        const noted = known;
        known = [];
        const rows = sets.map(({ key, json }) => `{"key":${JSON.stringify(key)},"value":${escapeJson(json)}}`);
        const added = sums.map(({ key, by }) => ({ key, value: by }));
        const rest = JSON.stringify({ checks, deletes, sums: added, known: noted });
        const change = `{"sets":[${rows}],${rest.slice(1)}`;
        // Explicit: at the end of an implied transaction this client would lose a failed commit.
        const [, [row]] = await sql.begin((tx) =>
          Promise.all([tx.unsafe(TAKE_LOCK), tx.unsafe(WRITE, [change, version], { prepare: true })])
        );
        known.push(version);
        return row?.is_written ? version : undefined;
      }),
    [Symbol.asyncDispose]: () => sql.end({ timeout: 5 }),
  };
}

/** jsonb refuses NUL and lone surrogates, which JSON writes as escapes: they become texts behind U+001A. */
function escapeJson(json: string): string {
  return json.replaceAll(/\\(?:u(0000|001a|d[89a-f]..)|.)/g, (escape, code) => code ? `\\u001a${code}` : escape);
}

function unescapeJson(json: string): string {
  return json.replaceAll(/\\(?:u001a(....)|.)/g, (escape, code) => code ? `\\u${code}` : escape);
}

function asStorageError(error: unknown, url: string): Error {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const { host, pathname } = new URL(url);
  return toStorageError(error, {
    store: `postgres://${host}${pathname}`,
    hint: "Check the URL, and that the server runs and accepts this user",
    isPassing: PASSING.test(code),
  });
}
