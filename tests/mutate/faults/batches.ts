import type { Fault } from "../fault.ts";
import { inFile } from "./in_file.ts";

const READ = ["tests/batches/read_rows_test.ts"];
const MATRIX = ["tests/batches/matrix_test.ts"];
const MATCH = ["tests/batches/match_rows_test.ts"];
const RESULTS = ["tests/batches/results_test.ts"];

const ENGINE = ["tests/runs/batch_test.ts"];

/** Faults of batches: a row that is not the user's, one that is sent again, a failure that is not seen. */
export const BATCHES_FAULTS: readonly Fault[] = [
  ...inFile("lib/batches/csv_rows.ts", ["tests/batches/csv_test.ts"], [
    ["the mark of a byte order is part of the first name", 'text.replace(/^\\uFEFF/, "")', "text"],
    ["lines inside of quotes are not counted", "line += quoted?.match(/\\r\\n?|\\n/g)?.length ?? 0;", "line += 0;"],
    ["quotes stay doubled", `quoted?.replaceAll('""', '"')`, "quoted"],
    ["semicolons separate nothing", '[";", "\\t"].reduce(', '["\\t"].reduce('],
  ]),
  ...inFile("lib/batches/csv_rows.ts", READ, [
    ["an empty cell is a value", 'if (cell === "") continue;', "if (false) continue;"],
    ["a cell that could be a number is one", "\n  return cell;", '\n  return typedText(cell, "other");'],
    ["an ambiguous column is the row's own", "form?.fields.has(member) !== true", "true"],
    ["a row with other cells than the header is read", "cells.length !== header.cells.length", "cells.length > 99"],
  ]),
  ...inFile("lib/batches/read_rows.ts", READ, [
    [
      "two rows have the same id",
      "...longNames(rows), ...repeatedIds(rows));",
      "...longNames(rows));",
    ],
    ["options do not override the rows", "[...draft.layers, ...overrides]", "[...overrides, ...draft.layers]"],
  ]),
  ...inFile("lib/batches/document_rows.ts", READ, [
    ["defaults override the rows", "[...defaults.layers, ...own.layers]", "[...own.layers, ...defaults.layers]"],
  ]),
  ...inFile("lib/inputs/document.ts", READ, [
    ["a number of JSON Lines is changed", "problems.push(...found);", "problems.push(...found.slice(99));"],
  ]),
  ...inFile("lib/batches/labels.ts", READ, [
    ["a secret is shown in a label", "secrets.some((secret)", "secrets.slice(9).some((secret)"],
  ]),
  ...inFile("lib/batches/matrix.ts", MATRIX, [
    ["a filter that matches nothing is accepted", "wanted.length === values.length && !isPossible", "false"],
    ["nothing is excluded", "filters.some((matches) => matches(combination))", "false"],
    [
      "a sample has a combination twice",
      "shuffled([...combinations.keys()], random)",
      "combinations.map(() => Math.floor(random() * combinations.length))",
    ],
    ["a hypercube is not even", "(stratum + random()) / count", "random()"],
  ]),
  ...inFile("lib/batches/axis.ts", MATRIX, [
    ["a range ends before its end", "return step === steps ? range.to : ", "return "],
    ["a logarithmic range is linear", "return isLogarithmic ? from * (to / from) ** part : ", "return "],
  ]),
  ...inFile("lib/batches/match_rows.ts", MATCH, [
    ["an added row takes the place of a removed one", "if (others.length !== rows.length) return [];", ""],
    ["equal inputs are stronger than an id", "if (matches.has(row)) continue;", ""],
    ["a row with another id is kept", "return id !== null && other.id !== null && id !== other.id;", "return false;"],
  ]),
  ...inFile("lib/runs/retry_policy.ts", ["tests/cli/batch_test.ts"], [
    ["a row whose record is damaged has two runs", "attempt: unread.attempt - 1", "attempt: unread.attempt"],
  ]),
  ...inFile("lib/store/batch_store.ts", ["tests/cli/batch_test.ts"], [
    ["a lost record is a second run where there are no slugs", "slug === null && hasOpenRun(status)", "false"],
  ]),
  ...inFile("lib/batches/plan_batch.ts", ["tests/cli/batch_test.ts"], [
    ["The rest is submitted after the success that --until any waits for", "hasEnough && isSubmitted(row)", "false"],
    [
      "a row takes over the run of another with the same inputs",
      "let key = kept ?? one.row.key;",
      "let key = one.row.key;",
    ],
    ["two rows share a run", "while (kept === undefined && taken.has(key))", "while (false)"],
    ["a row that --rows does not name loses its run", "const isReplaced = isWanted && ", "const isReplaced = "],
    ["a row is sent with the inputs from before an edit", "&& hasOpenRun(earlier.status)", ""],
    [
      "a row is run beside a run that is not known yet",
      'submission.state === "active" || isAbandoned(submission)',
      "true",
    ],
  ]),
  ...inFile("lib/store/submission_rows.ts", ["tests/cli/batch_test.ts"], [
    ["rows whose runs were pruned wait again", "if (!isRowOfBatch(key)) change.delete(key);", "change.delete(key);"],
  ]),
  ...inFile("lib/cli/batch/run_batch.ts", ["tests/cli/batch_test.ts"], [
    ["a stop while a batch is planned is lost", "  signal.throwIfAborted();\n", ""],
  ]),
  ...inFile("lib/batches/results.ts", RESULTS, [
    ["a spreadsheet runs an output", "quotedCell(isFormula(value) ? `'${value}` : value)", "quotedCell(value)"],
    ["a negative number becomes text", "&& Number.isNaN(Number(text))", ""],
  ]),
  ...inFile("lib/batches/failure_groups.ts", RESULTS, [
    ["a rejected row is no failure", '"failed", "rejected", ', '"failed", '],
  ]),
  ...inFile("lib/text.ts", [...RESULTS, "tests/reports/clusters_test.ts"], [
    ["each node that fails is another reason", "/\\d+(?:[.,:]\\d+)*/g,", ""],
  ]),
  ...inFile("lib/cli/render/batch_lines.ts", ["tests/cli/render/batch_lines_test.ts"], [
    ["failures of many rows are not printed", "&& !isFailure(status)) return undefined", ") return undefined"],
  ]),
  ...inFile("lib/store/batch_store.ts", ["tests/cli/batch_test.ts"], [
    [
      "rows that are no longer in the file are counted",
      "rows.filter(({ isInFile }) => isInFile).length",
      "rows.length",
    ],
  ]),
  ...inFile("lib/cli/commands/batch.ts", ["tests/cli/batch_test.ts"], [
    ["a run that has ended counts as cancelled", 'if (before.status !== "running") return before.status;', ""],
    ["a run that is gone counts as cancelled", 'fallbackTo("not found", "not_found")', 'fallbackTo(null, "not_found")'],
  ]),
  ...inFile("lib/cli/open_client.ts", ["tests/cli/unusable_store_test.ts"], [
    ["the same warning is repeated", "if (warnings.has(message)) return;", ""],
  ]),
  ...inFile("lib/errors.ts", ENGINE, [
    ["a cut connection ends a row", "error instanceof ResponseLost || ", ""],
  ]),
  ...inFile("lib/runs/batch_pace.ts", ENGINE, [
    ["a server that never answers is asked forever", "if (isGivenUp) state.fail(error);\n      else ", ""],
  ]),
  ...inFile("lib/runs/batch_submitting.ts", ENGINE, [
    [
      "a row without its secrets ends in an outage",
      "  if (isTemporary(request)) {\n    one.submission",
      "  if (false) {\n    one.submission",
    ],
  ]),
  ...inFile("lib/runs/batch_task.ts", ENGINE, [
    ["a batch that was stopped has no deadline", 'reason !== "deadline" || stopped.reason === reason', "true"],
  ]),
  ...inFile("lib/runs/batch_polling.ts", ENGINE, [
    ["a round that asks nothing is an answer", "if (isPaused) return;", ""],
  ]),
  ...inFile("lib/runs/batch_limits.ts", ENGINE, [
    [
      "an outage is a wait in the queue",
      "if (sinceMs === null && submission.unreachableSinceMs !== null) return Infinity;",
      "",
    ],
  ]),
  ...inFile("lib/runs/advance.ts", ENGINE, [
    [
      "without a list, the same runs are read each time",
      "(one, other) => one.lastPolledAtMs - other.lastPolledAtMs",
      "() => 0",
    ],
    ["rows of a small batch have two runs", "const isNeeded = findsDuplicatesInList &&", "const isNeeded = false &&"],
  ]),
  ...inFile("lib/runs/poll.ts", ["tests/runs/batch_limits_test.ts"], [
    [
      "what resume sees of a run that exceeded its limit is a cancellation",
      "asTimedOut(ended, observedIn(updated).exceeded)",
      "ended",
    ],
  ]),
];
