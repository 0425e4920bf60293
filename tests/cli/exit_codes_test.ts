import assert from "node:assert/strict";
import {
  EXIT_CODE_OF_CLOSED_PIPE,
  EXIT_CODE_OF_DEFECT,
  EXIT_CODES,
  EXIT_CODES_OF_SIGNALS,
  mostSevere,
} from "../../lib/cli/exit_codes.ts";

for (
  const [codes, want] of [
    [[], 0],
    [[0, 0], 0],
    [[0, 3, 1], 1],
    [[1, 2], 2],
    [[2, 5, 8], 8],
    [[8, 124], 124],
    [[124, 4], 4],
    [[4, 7], 7],
    [[7, 6], 6],
    [[6, 130], 130],
    [[130, 70, 6], 70],
  ] as const
) {
  Deno.test(`mostSevere(${JSON.stringify(codes)}) is ${want}`, () => assert.equal(mostSevere(codes), want));
}

// @ts-expect-error: a code without a severity does not compile.
export const notAnExitCode: Parameters<typeof mostSevere>[0] = [9];

/** The kinds that `--json` documents contain, by exit code. */
const KINDS: Readonly<Record<number, string>> = {
  0: "completed submitted session_ready",
  1: "failed",
  2: "usage invalid_inputs consent_required rejected idempotency_key_conflict unsupported",
  3: "cancelled",
  4: "credential_missing credential_malformed credential_refused forbidden",
  5: "not_found run_deleted",
  6: "submit_unknown",
  7: "connection_lost credential_expired",
  8: "unreachable unavailable conflict response_lost bad_response not_submitted storage",
  124: "timeout",
};

for (const [code, kinds] of Object.entries(KINDS)) {
  Deno.test(`exit code ${code} has the kinds ${kinds}`, () => {
    const found = Object.entries(EXIT_CODES).filter(([, found]) => found === Number(code)).map(([kind]) => kind);
    assert.deepEqual(found.toSorted(), kinds.split(" ").toSorted());
  });
}

Deno.test("every exit code has its kinds, and signals, a closed pipe and a defect have their own", () => {
  assert.deepEqual([...new Set(Object.values(EXIT_CODES))].toSorted(), Object.keys(KINDS).map(Number).toSorted());
  assert.deepEqual(EXIT_CODES_OF_SIGNALS, { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 });
  assert.deepEqual([EXIT_CODE_OF_CLOSED_PIPE, EXIT_CODE_OF_DEFECT], [141, 70]);
});

Deno.test("docs/exit-codes.md documents every exit code with its kinds", async () => {
  const page = await Deno.readTextFile(new URL("../../docs/exit-codes.md", import.meta.url));
  for (const [code, kinds] of Object.entries(KINDS)) {
    const row = new RegExp(`^\\| ${code} +\\|.*$`, "m").exec(page)?.[0] ?? "";
    for (const kind of kinds.split(" ")) assert.ok(row.includes(`\`${kind}\``), `${code}: ${kind}`);
  }
});
