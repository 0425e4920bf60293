import { UsageError } from "../../errors.ts";
import type { Client } from "../../platform/client.ts";
import { PAGE_SIZE, pageRuns } from "../../platform/pager.ts";
import type { Run } from "../../run.ts";
import { findWorkflow } from "../../runs/find.ts";
import { creationMs, reachesBeyond } from "../../runs/search.ts";
import { nameWithoutTag } from "../../runs/slug.ts";
import { toRunView } from "../../runs/view.ts";
import { argument, type ArgValues, flag, integer, oneOf, option, positiveDuration } from "../argv.ts";
import { defineCommand, type Invocation, JSON_OPTION } from "../command.ts";
import { matchesPattern } from "../../text.ts";
import { openClient } from "../open_client.ts";
import { renderRuns } from "../render/runs.ts";

const PLATFORM_STATUSES = {
  running: "running",
  completed: "completed",
  failed: "error",
  cancelled: "canceled",
} as const;
const ownStatus = oneOf("running", "completed", "failed", "cancelled");
/** The platform's words are accepted too, and not offered. */
const anyStatus = (text: string) =>
  ownStatus(text === PLATFORM_STATUSES.failed ? "failed" : text === PLATFORM_STATUSES.cancelled ? "cancelled" : text);

const DEFAULT_LIMIT = 20;

const ARGS = {
  workflow: argument("WORKFLOW", { required: false, completes: "workflow" }),
  status: option("STATUS", "Only runs that are running, completed, failed or cancelled; repeatable", {
    parse: Object.assign(anyStatus, { choices: ownStatus.choices }),
    multiple: true,
  }),
  search: option("TEXT", "Only runs whose slug, display name or workflow contains this text"),
  name: option("PATTERN", "Only runs whose display name matches"),
  since: option("TIME", "Only runs started within the last TIME, such as 7d", positiveDuration),
  limit: option("N", `Maximum number of runs to list (default ${DEFAULT_LIMIT})`, integer({ min: 1, max: 10_000 })),
  offset: option("N", "Skip the first N matching runs", integer({ min: 0 })),
  all: flag("List all matching runs"),
  ...JSON_OPTION,
} as const;

type RunsCall = Invocation<ArgValues<typeof ARGS>>;

export const command = defineCommand({
  examples: {
    "pw-workflow-runner runs hello-world --limit 5": "List the last five runs of a workflow",
    "pw-workflow-runner runs --status failed --json": "List failed runs as JSON",
    "pw-workflow-runner runs --since 1d --all": "List all runs of the last 24 hours",
  },
  notes: "PATTERN is part of a display name. With * or ? it must match the full name.",
  args: ARGS,
  async run(call) {
    const { context, output, signal, values: { workflow, all, limit, offset = 0 } } = call;
    if (all === true && limit !== undefined) throw new UsageError("Cannot use --all together with --limit");
    const client = await openClient(call);
    const { runs, total } = await listRuns(client, call);
    // No run may also mean a misspelled name.
    if (runs.length === 0 && workflow !== undefined) await findWorkflow({ client }, workflow, { signal });
    const views = runs.map((run) => ({ ...toRunView(run), displayName: run.displayName }));
    if (output.mode === "json") {
      output.document({ runs: views, total });
    } else if (views.length === 0) {
      output.log("INFO", workflow === undefined ? "No matching runs" : `No matching runs of ${workflow}`);
    } else {
      output.answer(renderRuns(views, { ...output.layout(), nowMs: context.clock.now() }));
      if (total === null || total > offset + views.length) {
        const shown = total === null ? `the first ${views.length}` : `${views.length} of ${total}`;
        output.log("INFO", output.style.dim(`Showing ${shown}: --limit N or --all shows more`));
      }
    }
  },
});

/** `total` is `null` if it is unknown how many match without reading all runs. */
async function listRuns(client: Client, { context, signal, values }: RunsCall) {
  const { workflow, search, status = [], name, since, offset = 0 } = values;
  const limit = values.all === true ? Infinity : values.limit ?? DEFAULT_LIMIT;
  const sinceMs = since === undefined ? undefined : context.clock.now() - since;
  // The platform has no such filters.
  const isFilteredHere = name !== undefined || sinceMs !== undefined;
  const isWanted = (run: Run) =>
    (name === undefined || matchesPattern(name, [run.displayName ?? "", nameWithoutTag(run.displayName ?? "")])) &&
    (sinceMs === undefined || creationMs(run) >= sinceMs);
  const toSkip = isFilteredHere ? offset : 0;
  const pages = pageRuns(client, {
    workflow,
    search,
    signal,
    statuses: status.map((status) => PLATFORM_STATUSES[status]),
    action: "list runs",
    startOffset: isFilteredHere ? 0 : offset,
    pageSize: isFilteredHere ? PAGE_SIZE : Math.min(limit, 10_000),
  });
  const matching: Run[] = [];
  let total: number | null = 0;
  for await (const page of pages) {
    matching.push(...page.runs.filter(isWanted));
    total = isFilteredHere ? null : page.total;
    if (matching.length >= toSkip + limit) break;
    total = isFilteredHere ? matching.length : page.total;
    if (sinceMs !== undefined && reachesBeyond(page.runs, sinceMs)) break;
  }
  return { runs: matching.slice(toSkip, toSkip + limit), total };
}
