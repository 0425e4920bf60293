import type { Fault } from "../fault.ts";
import { inFile } from "./in_file.ts";

const STORE = ["tests/store/run_store_test.ts", "tests/store"];

/** Faults of the run store: a submission that is written twice, lost or readable by others. */
export const STORE_FAULTS: readonly Fault[] = [
  ...inFile("lib/store/run_store.ts", STORE, [
    ["of two processes that write a submission, both succeed", "if (stored !== revision) throw", "if (false) throw"],
    [
      "a submission is overwritten after it was read",
      "const change = kv.atomic().check(old);\n  for (const key of before)",
      "const change = kv.atomic();\n  for (const key of before)",
    ],
    [
      "a write that another process prevented counts as done",
      "if (await change.commit() === undefined) throw new WriteConflict",
      "if (await change.commit() === null) throw new WriteConflict",
    ],
    [
      "secret inputs are stored",
      "submissionRows(withoutSecretInputs(written), kv.limits)",
      "submissionRows(written, kv.limits)",
    ],
    [
      "old index rows stay",
      "for (const key of before) if (!staying.has(keyText(key))) change.delete(key);",
      "",
    ],
    [
      "open submissions are pruned",
      "if (openKey !== undefined && !await isStale(kv, openKey, bounds)) return false;",
      "",
    ],
    ["young runs of open suites are pruned", "Number(openKey.at(-2)) >= beforeMs", "false"],
    ["what is young is pruned", "if (excess-- <= 0 && Number(time) >= beforeMs) break;", "if (excess-- <= 0) break;"],
    ["another user's run is found by its slug", "&& isOwnedBy(one, owner ?? {})", ""],
    [
      "the history of another user is listed",
      "(owner === undefined || isOwnedBy(submission, owner)) &&",
      "",
    ],
    [
      "what a change adds is not written with the submission",
      "also?.(change, written);",
      "",
    ],
    ["what is known of a server is dropped", "{ ...old.value, ...facts })", "{ ...facts })"],
    [
      "the ends of runs are counted again with each write",
      '(old.value === null || isIn("open", before))',
      "true",
    ],
  ]),
  ...inFile("lib/store/copy.ts", ["tests/store/copy_test.ts"], [
    ["two copies at once mix", "to.atomic().check({ key: COPYING, versionstamp })", "to.atomic()"],
  ]),
  ...inFile("lib/store/store_file.ts", ["tests/store/sqlite_kv_test.ts", "tests/store"], [
    [
      "the store is readable by others",
      "{ read: true, write: true, create: true, mode: 0o600 }",
      "{ read: true, write: true, create: true }",
    ],
    ["the store's folder is readable by others", "{ recursive: true, mode: 0o700 }", "{ recursive: true }"],
  ]),
  ...inFile("lib/store/sqlite_kv.ts", ["tests/store/sqlite_kv_test.ts", "tests/store"], [
    [
      "a change is applied although a check failed",
      "file.mismatch.get(JSON.stringify(checks)) !== undefined) return undefined;",
      "false) return undefined;",
    ],
    ["a failed change is half applied", 'database.exec("ROLLBACK")', 'database.exec("COMMIT")'],
    [
      "a file that was set aside is written further",
      "if (file?.inode !== inode) file = close(file);",
      "",
    ],
    [
      "a damaged file is deleted",
      "if (!renameFile({ path, inode, newPath: nameAt(atMs) })) return;",
      "Deno.removeSync(path);",
    ],
  ]),
  ...inFile("lib/store/submission_rows.ts", [
    "tests/store/run_store_indexes_test.ts",
    "tests/store/run_store_test.ts",
    "tests/store",
  ], [
    [
      "submissions over HTTP are left to the command line",
      ' || type === "http") return "service"',
      ') return "service"',
    ],
    ["an end is never reported", "isUnreported && (!isOpen", "false && (!isOpen"],
    ["an end is reported again and again", " && !origin.isReported;", ";"],
  ]),
  ...inFile("lib/store/open_kv.ts", ["tests/store/open_kv_test.ts", "tests/store"], [
    ["a password in a store's name is shown", 'name.replace(/\\/\\/.*@/s, "//")', "name"],
    ["a password in an unknown store's name is quoted", "`${scheme}:…`", "name"],
  ]),
  ...inFile("lib/store/backend.ts", ["tests/store/backend_test.ts", "tests/store/open_kv_test.ts", "tests/store"], [
    ["a store is opened again after it was closed", "isClosed = true;", ""],
    ["a busy store is not tried again", "|| attempt >= maxAttempts) {", "|| attempt >= 1) {"],
  ]),
  ...inFile("lib/store/postgres_kv.ts", ["tests/store/postgres_kv_test.ts", "tests/store"], [
    ["a write to a lost connection is not sent again", "(read|write) [A-Z]|", ""],
  ]),
  ...inFile("lib/store/submission_rows.ts", ["tests/store/run_store_test.ts", "tests/store"], [
    [
      "a run whose detail is too large stays open forever",
      'if (submission.state === "active") yield',
      "if (false) yield",
    ],
  ]),
];
