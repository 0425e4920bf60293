import assert from "node:assert/strict";
import { drawRound, playRound, SERVER_KINDS } from "./torture/torture.ts";
import { seededRandom, seedOfTheDay } from "./support/seeded_random.ts";
import { violationsOf } from "./torture/verdict.ts";

const ROUNDS = 20;
const seed = Number(Deno.env.get("TORTURE_SEED") ?? seedOfTheDay());

// The seed is in the name, so that a report of a failure contains it.
for (const [index, server] of SERVER_KINDS.entries()) {
  Deno.test(`killed at any instant on a server of the kind ${server.name}, a submission never starts two runs and is never lost silently (TORTURE_SEED=${seed})`, async () => {
    const random = seededRandom(seed * SERVER_KINDS.length + index);
    const count = Math.ceil((ROUNDS - index) / SERVER_KINDS.length);
    const rounds = Array.from({ length: count }, () => drawRound(random, server));
    const results = await Promise.all(rounds.map(playRound));
    assert.deepEqual(results.flatMap(violationsOf), []);
  });
}

for (const isExact of [true, false]) {
  Deno.test(`two runs, or a run that is lost silently, are violations${isExact ? "; so is an unknown outcome on a server that rejects duplicates" : ""}`, () => {
    const server = SERVER_KINDS.find((kind) => kind.isExact === isExact);
    assert.ok(server !== undefined);
    const result = { round: drawRound(seededRandom(1), server), runs: 1, isUnknown: false, killed: 0, output: "" };
    assert.deepEqual(violationsOf(result), []);
    assert.match(violationsOf({ ...result, runs: 2 })[0] ?? "", /^DOUBLE/);
    assert.match(violationsOf({ ...result, runs: 0 })[0] ?? "", /^LOST/);
    const unknown = violationsOf({ ...result, runs: 0, isUnknown: true });
    if (isExact) assert.match(unknown[0] ?? "", /^NOT EXACTLY ONE/);
    else assert.deepEqual(unknown, []);
  });
}
