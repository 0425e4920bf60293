import { NotFound, UsageError } from "../../errors.ts";
import type { RunStore } from "../../store/run_store.ts";
import type { Submission } from "../../submission.ts";
import { someTime, text, wholeNumber } from "../argv.ts";
import { type Call, defineCommand, JSON_ARG } from "../command.ts";
import { EXIT_CODES } from "../exit_codes.ts";
import { openHistory } from "../open.ts";
import { recordDocument, renderHistory, renderRecord, shownInputs } from "../render/history.ts";

const howMany = wholeNumber({ min: 1, max: 1_000_000 });
const DEFAULT_LIMIT = 20;

export const history = defineCommand({
  name: "history",
  summary: "what was run from here",
  usage: "[show RUN | prune] [options]",
  examples: [
    { line: "pw-workflow-runner history --workflow hello-world --since 7d", does: "what was wished in a week" },
    { line: "pw-workflow-runner history show last", does: "one of them, with its inputs" },
    { line: "pw-workflow-runner history prune --since 30d --keep 1000", does: "forget what is over and older" },
  ],
  notes: [
    "Read from this machine alone: no key and no network are needed. Secrets are not in it.",
    "What is over is forgotten after a year, and beyond 200,000 records.",
  ].join("\n"),
  args: {
    words: { type: "positional", multiple: true, required: false },
    workflow: { type: "custom", parse: text, metavar: "WORKFLOW", description: "Only of this workflow" },
    since: { type: "custom", parse: someTime, metavar: "TIME", description: "Only what is not older, like 7d" },
    limit: { type: "custom", parse: howMany, metavar: "N", description: `At most so many (default ${DEFAULT_LIMIT})` },
    keep: { type: "custom", parse: howMany, metavar: "N", description: "prune: keep so many of the newest" },
    ...JSON_ARG,
  },
  async run(call) {
    const { context, output, values } = call;
    await using store = openHistory(call, "needed");
    const [action, name, ...others] = values.words ?? [];
    const isWhole = others.length === 0 && (action === "show" || name === undefined);
    if (action === "show" && isWhole) return await showOne(call, store, name ?? "last");
    if (action === "prune" && isWhole) return await prune(call, store, values);
    if (action !== undefined) {
      throw new UsageError(`Cannot tell what to do with the history: "${values.words?.join(" ")}"`, {
        hint: "There are `history`, `history show RUN` and `history prune`",
      });
    }
    const sinceMs = values.since === undefined ? undefined : context.clock.now() - values.since;
    const limit = values.limit ?? DEFAULT_LIMIT;
    const records = await store.listRecent({ limit, workflow: values.workflow, sinceMs });
    if (output.mode === "json") {
      output.document({ records: records.map(recordDocument), exitCode: 0, kind: "completed", submitted: "no" });
    } else if (records.length === 0) output.answer("Nothing was run from here, as far as this machine remembers");
    else output.answer(renderHistory(records, { style: output.answerStyle, columns: context.stdout.columns() }));
    return EXIT_CODES.completed;
  },
});

/** The record that is meant by a slug, a wish's id, `WORKFLOW#47` or `last`. */
export async function findRecord(store: RunStore, name: string): Promise<Submission | undefined> {
  if (name === "last") return (await store.listRecent({ limit: 1 }))[0];
  const [, workflow, digits] = /^(.+)[#:]([0-9]+)$/.exec(name) ?? [];
  if (workflow === undefined) return await store.findRun(null, name) ?? await store.get(name);
  const ofWorkflow = await store.listRecent({ limit: 100_000, workflow });
  return ofWorkflow.find((record) => recordDocument(record).runNumber === Number(digits));
}

async function showOne({ output }: Pick<Call<unknown>, "output">, store: RunStore, name: string): Promise<number> {
  const record = await findRecord(store, name);
  if (record === undefined) {
    throw new NotFound(`Cannot show ${name}: this machine remembers no such run`, {
      hint: "`pw-workflow-runner history` lists what it remembers; `runs` asks the platform",
    });
  }
  if (output.mode === "json") {
    const inputs = shownInputs(record);
    output.document({ ...recordDocument(record), inputs, exitCode: 0, kind: "completed", submitted: "no" });
  } else output.answer(renderRecord(record, { style: output.answerStyle }));
  return EXIT_CODES.completed;
}

async function prune(
  { context, output }: Pick<Call<unknown>, "context" | "output">,
  store: RunStore,
  { since, keep }: { readonly since?: number | undefined; readonly keep?: number | undefined },
): Promise<number> {
  if (since === undefined && keep === undefined) {
    throw new UsageError("Cannot prune: it was not said what to keep", {
      hint: "Say --since 30d, --keep 1000, or both",
    });
  }
  const beforeMs = since === undefined ? 0 : context.clock.now() - since;
  const count = await store.prune({ beforeMs, keep: keep ?? Number.MAX_SAFE_INTEGER });
  if (output.mode === "json") output.document({ pruned: count, exitCode: 0, kind: "completed", submitted: "no" });
  else output.answer(`${count} forgotten`);
  return EXIT_CODES.completed;
}
