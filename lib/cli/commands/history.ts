import { counted } from "../../text.ts";
import { NotFound, UsageError } from "../../errors.ts";
import type { Owner } from "../../account.ts";
import { CLOCK_TOLERANCE_MS, listLatest, type RunRef } from "../../runs/find.ts";
import type { RunStore } from "../../store/run_store.ts";
import type { Submission } from "../../submission.ts";
import { actionOf, argument, flag, integer, option, positiveDuration } from "../argv.ts";
import { defineCommand, type Invocation, JSON_OPTION } from "../command.ts";
import { COMPLETED } from "../exit_codes.ts";
import { openRunStore } from "../open.ts";
import { recordDocument, renderHistory, renderRecord, shownInputs } from "../render/history.ts";
import { parseOneRun } from "../tracking/run_ref.ts";

const action = actionOf({ show: "show a run with its inputs", prune: "remove old finished runs" });
const count = integer({ min: 1, max: 1_000_000 });
const DEFAULT_LIMIT = 20;

export const command = defineCommand({
  examples: {
    "pw-workflow-runner history --workflow hello-world --since 7d":
      "List the runs of a workflow submitted in the last week",
    "pw-workflow-runner history show last": "Show the latest run with its inputs",
    "pw-workflow-runner history prune --since 30d --keep 1000":
      "Remove finished runs older than 30 days, and all but the newest 1,000",
  },
  notes:
    "The local history contains the runs submitted from this machine, with the status last seen from here. Reading it needs no API key and no network. " +
    "It contains no secrets. Finished runs and reports of suites are removed after a year, runs also beyond 200,000 records.",
  isLocal: true,
  optionsOf: { "": ["workflow", "failed", "since", "limit"], show: [], prune: ["since", "keep"] },
  args: {
    action: argument("ACTION", { parse: action, required: false }),
    run: argument("RUN", { required: false, completes: "run", onlyAfter: "show" }),
    workflow: option("WORKFLOW", "Only runs of this workflow", { completes: "workflow" }),
    failed: flag("Only runs that failed, and submissions that were rejected"),
    since: option("TIME", "Only runs from the last TIME, such as 7d; prune: remove older ones", positiveDuration),
    limit: option("N", `Maximum number of runs to list (default ${DEFAULT_LIMIT})`, count),
    keep: option("N", "prune: remove all but the newest N runs", count),
    ...JSON_OPTION,
  },
  async run(call) {
    const { context, output, values } = call;
    await using store = openRunStore(call, values.action === "prune" ? "required" : "read");
    if (values.action === "show") return await showOne(call, store, values.run ?? "last");
    if (values.action === "prune") return await prune(call, store, values);
    const sinceMs = values.since === undefined ? undefined : context.clock.now() - values.since;
    const limit = values.limit ?? DEFAULT_LIMIT;
    const query = { workflow: values.workflow, hasFailed: values.failed, sinceMs };
    // One more shows that there are more.
    const found = await store.listRecent({ ...query, limit: limit + 1 });
    const records = found.slice(0, limit);
    const isFiltered = values.workflow !== undefined || values.failed === true || sinceMs !== undefined;
    const none = `No runs in the local history${isFiltered ? " match" : ""}`;
    output.result(
      { records: records.map(recordDocument), ...COMPLETED },
      () => records.length === 0 ? none : renderHistory(records, { ...output.layout(), nowMs: context.clock.now() }),
    );
    if (output.mode === "text" && found.length > limit) {
      output.log("INFO", output.style.dim(`Showing the newest ${limit}: --limit N shows more`));
    }
  },
});

/**
 * Finds a submission by its run, or by its ID in place of a slug.
 *
 * @param account.owner Whose runs are meant; by default anyone's.
 */
export async function findInHistory(
  store: RunStore,
  ref: RunRef,
  { owner, nowMs }: { readonly owner?: Owner; readonly nowMs: number },
): Promise<Submission | undefined> {
  if (ref.type === "last") return (await listLatest(store, { owner, limit: 1 }, nowMs))[0];
  if (ref.type === "slug") {
    const own = owner && await store.findRun(owner, ref.slug);
    return own ?? await store.findRun(null, ref.slug) ?? await store.get(ref.slug);
  }
  const candidates = await store.listRecent({ owner, limit: 100_000, workflow: ref.workflow });
  return candidates.find((record) => recordDocument(record).runNumber === ref.number);
}

async function showOne({ context, output }: Invocation, store: RunStore, name: string): Promise<void> {
  const record = await findInHistory(store, parseOneRun([name]), { nowMs: context.clock.now() });
  if (record === undefined) {
    throw new NotFound(`Cannot show ${name}: no such run in the local history`, {
      hint:
        "`pw-workflow-runner history` lists the local history; `pw-workflow-runner runs` lists runs on the platform",
    });
  }
  if (output.mode === "json") {
    output.document({ ...recordDocument(record), inputs: shownInputs(record), ...COMPLETED });
  } else {
    output.answer(renderRecord(record, { style: output.answerStyle }));
    output.raw(`${JSON.stringify(shownInputs(record), null, 2)}\n`);
  }
}

async function prune(
  { context, output }: Invocation,
  store: RunStore,
  { since, keep }: { readonly since?: number | undefined; readonly keep?: number | undefined },
): Promise<void> {
  if (since === undefined && keep === undefined) {
    throw new UsageError("Cannot prune the history: no limit is set", {
      hint: "Use --since 30d, --keep 1000, or both",
    });
  }
  const nowMs = context.clock.now();
  const beforeMs = since === undefined ? 0 : nowMs - since;
  const bounds = { beforeMs, keep: keep ?? Number.MAX_SAFE_INTEGER, aheadMs: nowMs + CLOCK_TOLERANCE_MS };
  const removed = await store.prune(bounds);
  output.result({ pruned: removed, ...COMPLETED }, () => `Removed ${counted(removed, "record")}`);
}
