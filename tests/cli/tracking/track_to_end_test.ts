import assert from "node:assert/strict";
import { Stopped, type StoppedWait } from "../../../lib/cli/context.ts";
import { stoppedTogether } from "../../../lib/cli/tracking/track_to_end.ts";

const keptWait = (continuing: string): StoppedWait => ({
  message: `Stopped waiting: run ${continuing} is still running`,
  hint: `Track it again: pw-workflow-runner watch ${continuing}`,
  submitted: "no",
  continuing,
});
const CANCELLED: StoppedWait = {
  message: "Run c is being cancelled",
  hint: "Check",
  submitted: "yes",
  isCancelled: true,
};
const stopOf = async (...waits: readonly (StoppedWait | null | "ended")[]): Promise<StoppedWait | null> => {
  const ends = waits.map((wait) => wait === "ended" ? Promise.resolve(1) : Promise.reject(new Stopped("SIGINT", wait)));
  const error: unknown = await stoppedTogether(ends).then(() => undefined, (error) => error);
  assert.ok(error instanceof Stopped);
  return error.wait;
};

Deno.test("without a stop, the values are returned in their order", async () => {
  assert.deepEqual(await stoppedTogether([Promise.resolve(1), Promise.resolve(2)]), [1, 2]);
});

Deno.test("another error is thrown at once", async () => {
  const never = new Promise<never>(() => {});
  await assert.rejects(stoppedTogether([never, Promise.reject(new Error("other"))]), /other/);
});

Deno.test("one run that continues is reported as it is", async () => {
  const { message, hint } = await stopOf("ended", keptWait("a")) ?? {};
  assert.deepEqual([message, hint], [keptWait("a").message, keptWait("a").hint]);
});

Deno.test("all runs that continue are named once, with one command", async () => {
  const wait = await stopOf(keptWait("a"), "ended", keptWait("b c#1"), CANCELLED, null);
  assert.equal(wait?.message, "Stopped waiting: 2 runs are still running: a, b c#1\nRun c is being cancelled");
  assert.equal(wait?.hint, 'Track them again: pw-workflow-runner watch a "b c#1"\nCheck');
  assert.deepEqual([wait?.submitted, wait?.isCancelled], ["yes", false]);
});

Deno.test("a stop before any run is known names none", async () => {
  assert.equal(await stopOf(null, null), null);
});
