/** What becomes of slots that wait: they are submitted once, wait on, or stand back for others. */

import { inParallel } from "../lib/executor/in_parallel.ts";
import { intend } from "../lib/executor/intend.ts";
import { prepare } from "../lib/executor/prepare.ts";
import { advance } from "../lib/executor/advance.ts";
import { markerOf } from "../lib/executor/slug.ts";
import { formOf, readDocument } from "../lib/inputs/document.ts";
import { givenLayer, type InputLayer } from "../lib/inputs/layers.ts";
import { RecordTooLarge, slugOf } from "../lib/ledger/ledger.ts";
import { type ErrorKind, InvalidInputs, RunnerError } from "../lib/errors.ts";
import type { RunRecord, RunRequest } from "../lib/model.ts";
import { decideOverlap, type OpenSlot } from "../lib/schedules/overlap.ts";
import type { Schedule } from "../lib/schedules/schedule.ts";
import type { Cloud } from "./cloud.ts";
import { endSlot, reportOn } from "./end_slot.ts";
import { telling } from "./notices.ts";
import { type KeptSlot, type Lease, NOTHING_TO_TELL, type Read } from "./store.ts";
import { turnOptions } from "./turn_options.ts";

const MINUTE_MS = 60_000;
/** A slot whose run can't even be decided on, for lack of contact, is tried for so long. */
const PREPARE_FOR_MS = 60 * MINUTE_MS;
/** How long a slot waits for a revision that knows its schedule. */
const UNKNOWN_FOR_MS = 10 * MINUTE_MS;
const WORKFLOWS_AT_ONCE = 8;

/** What may be otherwise a minute later. `not_submitted`: the store would not take the intent, so nothing was sent. */
const PASSING: readonly ErrorKind[] = [
  "unreachable",
  "unavailable",
  "answer_lost",
  "bad_answer",
  "conflict",
  "not_submitted",
];

/**
 * Submits what waits and may go, the earliest first; answers with how many. Workflows don't wait for each other: one that
 * the platform takes long over, or has no answer for, delays nobody else's slots.
 */
export async function submitSlots(cloud: Cloud, lease: Lease, signal: AbortSignal): Promise<number> {
  const workflows = [...new Set((await cloud.store.openSlots()).map(({ value }) => workflowOf(cloud, value)))];
  // Where there are more than go at once, each minute another one is first.
  const first = Math.floor(cloud.deps.clock.now() / MINUTE_MS) % Math.max(1, workflows.length);
  const problems: unknown[] = [];
  let submitted = 0;
  await inParallel([...workflows.slice(first), ...workflows.slice(0, first)], WORKFLOWS_AT_ONCE, async (workflow) => {
    try {
      const count = await submitSlotsOf(cloud, lease, { workflow, signal });
      submitted += count;
    } catch (problem) {
      problems.push(problem);
    }
  });
  if (problems.length > 0) throw problems[0];
  return submitted;
}

/** One after the other: the platform refuses launches of one workflow at the same time. */
async function submitSlotsOf(
  cloud: Cloud,
  lease: Lease,
  { workflow, signal }: { readonly workflow: string | undefined; readonly signal: AbortSignal },
): Promise<number> {
  let submitted = 0;
  const tried = new Set<string>();
  let open = await cloud.store.openSlots();
  while (true) {
    const next = open.find(({ value }) =>
      value.state === "waiting" && workflowOf(cloud, value) === workflow && !tried.has(value.id)
    );
    if (next === undefined || signal.aborted) return submitted;
    tried.add(next.value.id);
    const outcome = await trySubmit(cloud, lease, next, { open, signal });
    if (outcome === "submitted") submitted++;
    // A long queue is not read again for each that waits in it.
    if (outcome !== "waits") open = await cloud.store.openSlots();
  }
}

/** `undefined` where the schedule is no longer there. */
function workflowOf({ schedules }: Cloud, slot: KeptSlot): string | undefined {
  return schedules.find(({ name }) => name === slot.schedule)?.workflow;
}

/** `moved`: something else may have become of it, and of others. */
type Outcome = "submitted" | "waits" | "moved";

async function trySubmit(
  cloud: Cloud,
  lease: Lease,
  read: Read<KeptSlot>,
  { open, signal }: { readonly open: readonly Read<KeptSlot>[]; readonly signal: AbortSignal },
): Promise<Outcome> {
  const { store, schedules } = cloud;
  const slot = read.value;
  const schedule = schedules.find(({ name }) => name === slot.schedule);
  if (schedule === undefined) {
    // A revision that is about to be replaced does not know the schedules of the next one.
    if (cloud.deps.clock.now() - slot.atMs < UNKNOWN_FOR_MS) return "waits";
    await endSlot(cloud, lease, read, { status: "skipped", message: "The schedule is no longer there" });
    return "moved";
  }
  const others = open.filter(({ value }) => value.schedule === slot.schedule);
  const decision = decideOverlap(schedule.overlap, slot, others.map(({ value }) => openSlotOf(value)));
  switch (decision.type) {
    case "wait":
    case "nothing":
      return "waits";
    case "skip": {
      const message = `${decision.reason.replace("-", " ")}: ${decision.because.join(", ")}`;
      await passOver(cloud, lease, read, { schedule, signal, message });
      return "moved";
    }
    case "cancel-then-submit":
      for (const other of others.filter(({ value }) => decision.cancel.includes(value.id))) {
        if (other.value.state === "waiting") {
          await passOver(cloud, lease, other, { schedule, signal, message: `${slot.id} took its place` });
        } else await store.move(lease, other, { ...other.value, state: "cancelling" }, NOTHING_TO_TELL);
      }
      break;
    case "submit":
      break;
  }
  return await submit(cloud, lease, read, { schedule, signal });
}

/** Ends a slot without a run, unless a tick that died had written its intent: that is sent, whatever the slot says. */
async function passOver(
  cloud: Cloud,
  lease: Lease,
  read: Read<KeptSlot>,
  { schedule, signal, message }: {
    readonly schedule: Schedule;
    readonly signal: AbortSignal;
    readonly message: string;
  },
): Promise<void> {
  const record = await knownRecord(cloud, schedule, read.value, signal);
  if (record === undefined) await endSlot(cloud, lease, read, { status: "skipped", message });
  // Its place is taken: it comes, and is cancelled.
  else await open(cloud, lease, read, { schedule, record, state: "cancelling" });
}

async function submit(
  cloud: Cloud,
  lease: Lease,
  read: Read<KeptSlot>,
  { schedule, signal }: { readonly schedule: Schedule; readonly signal: AbortSignal },
): Promise<Outcome> {
  const { deps } = cloud;
  const slot = read.value;
  try {
    // A tick that died after it had written the intent left it to us, whatever the inputs would be by now.
    const record = await knownRecord(cloud, schedule, slot, signal) ??
      await intend(deps, await requestOf(cloud, schedule, signal), {
        signal,
        isWaiting: false,
        key: { text: slot.id, policy: "attach" },
      });
    if (!await open(cloud, lease, read, { schedule, record, state: "open" })) return "moved";
    if (record.dueAtMs <= deps.clock.now()) await advanceOnce(cloud, record, signal);
    return "submitted";
  } catch (error) {
    const isEarly = deps.clock.now() - slot.atMs < PREPARE_FOR_MS;
    if (signal.aborted) {
      if (isEarly) throw error;
      await endSlot(cloud, lease, read, {
        status: "failed",
        message: "The platform took too long to answer, for an hour",
      });
      return "moved";
    }
    if (!(error instanceof RunnerError) || error.kind === "storage") throw error;
    if (PASSING.includes(error.kind) && isEarly && !(error.cause instanceof RecordTooLarge)) {
      deps.log("WARNING", `${slot.id} was not submitted yet: ${error.message}`);
      return "moved";
    }
    const details = error instanceof InvalidInputs
      ? error.problems.map(({ path, message }) => `${path} ${message}`)
      : [];
    await endSlot(cloud, lease, read, { status: "failed", message: [error.message, ...details].join("; ") });
    return "moved";
  }
}

async function open(
  cloud: Cloud,
  lease: Lease,
  read: Read<KeptSlot>,
  { schedule, record, state }: {
    readonly schedule: Schedule;
    readonly record: RunRecord;
    readonly state: "open" | "cancelling";
  },
): Promise<boolean> {
  const { deps, store } = cloud;
  const slot = read.value;
  const opened: KeptSlot = { ...slot, state, wishId: record.wishId, submittedAtMs: deps.clock.now() };
  const reports = [reportOn(cloud, slot, { kind: "submitted", slug: slugOf(record), message: null })];
  return await store.move(lease, read, opened, telling(schedule, ...reports));
}

async function knownRecord(
  { deps }: Cloud,
  { workflow }: Schedule,
  slot: KeptSlot,
  signal: AbortSignal,
): Promise<RunRecord | undefined> {
  const { user } = await deps.client.whoAmI({ signal });
  const owner = { host: deps.client.host, user };
  const record = await deps.ledger.get(await markerOf({ owner, workflow, key: { text: slot.id, attempt: 1 } }));
  return record?.state === "refused" ? undefined : record;
}

async function requestOf(cloud: Cloud, schedule: Schedule, signal: AbortSignal): Promise<RunRequest> {
  const { workflow, preset, inputsFile, inputs, displayName, isTrusted } = schedule;
  const layers: InputLayer[] = [
    ...(inputsFile === null ? [] : [await fileLayer(cloud, inputsFile)]),
    givenLayer(`schedule ${schedule.name}`, inputs),
  ];
  const wish = { workflow, layers, preset, displayName: displayName ?? schedule.name, isTrusted };
  return (await prepare(cloud.deps, { ...wish, checking: "lenient" }, { signal })).request;
}

async function fileLayer({ readTextFile }: Cloud, path: string): Promise<InputLayer> {
  let text: string;
  try {
    text = await readTextFile(path);
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    const problem = { origin: path, path: "", message: `can't be read: ${words}` };
    throw new InvalidInputs(`Cannot read ${path}`, [problem]);
  }
  const document = await readDocument(text, { origin: path, form: formOf(path, text) });
  if (!("value" in document)) throw new InvalidInputs(`Cannot read ${path}`, document);
  return givenLayer(path, document.value);
}

/** Sends the submit at once, and does not wait for more: the next ticks look. */
async function advanceOnce({ deps }: Cloud, record: RunRecord, signal: AbortSignal): Promise<void> {
  await advance(deps, [record], turnOptions(signal));
}

function openSlotOf({ id, atMs, state }: KeptSlot): OpenSlot {
  return { slotId: id, atMs, state: state === "over" ? "open" : state };
}
