import { pageRuns } from "../../platform/pager.ts";
import { toRunView } from "../../runs/view.ts";
import type { Client, RunQuery } from "../../platform/client.ts";
import type { Run, RunPage } from "../../run.ts";
import { argument, integer, oneOf, option } from "../argv.ts";
import { defineCommand, JSON_OPTION } from "../command.ts";
import { openClient } from "../open.ts";
import { renderRuns } from "../render/runs.ts";

const PLATFORM_STATUSES = {
  running: "running",
  completed: "completed",
  failed: "error",
  error: "error",
  cancelled: "canceled",
  canceled: "canceled",
} as const;

const runStatus = oneOf("running", "completed", "failed", "cancelled", "error", "canceled");
const count = integer({ min: 1, max: 10_000 });

export const runsCommand = defineCommand({
  examples: [
    { line: "pw-workflow-runner runs hello-world --limit 5", does: "List the last five runs of a workflow" },
    { line: "pw-workflow-runner runs --status failed --json", does: "List failed runs as JSON" },
  ],
  args: {
    workflow: argument("WORKFLOW", { required: false, completes: "workflow" }),
    status: option("STATUS", "Only runs that are running, completed, failed or cancelled; repeatable", {
      parse: runStatus,
      multiple: true,
    }),
    limit: option("N", "Maximum number of runs to list (default 20)", { parse: count }),
    ...JSON_OPTION,
  },
  async run({ context, output, signal, values }) {
    const client = await openClient({ context, output, values });
    const statuses = (values.status ?? []).map((status) => PLATFORM_STATUSES[status]);
    const { workflow, limit = 20 } = values;
    const { runs, total } = await firstRuns(client, { workflow, statuses, limit, signal });
    const views = runs.map((run) => toRunView(run));
    if (output.mode === "json") {
      output.document({ runs: views, total });
    } else if (views.length === 0) {
      output.log("INFO", workflow === undefined ? "No matching runs" : `No matching runs of ${workflow}`);
    } else {
      output.answer(
        renderRuns(views, { style: output.answerStyle, columns: output.columns(), nowMs: context.clock.now() }),
      );
      if (total > views.length) {
        output.log("INFO", output.style.dim(`Showing ${views.length} of ${total}: use --limit to show more`));
      }
    }
  },
});

async function firstRuns(
  client: Client,
  { limit, ...query }: Omit<RunQuery, "offset"> & { readonly limit: number },
): Promise<RunPage> {
  const listed: Run[] = [];
  let total = 0;
  for await (const page of pageRuns(client, { ...query, action: "list runs", pageSize: limit })) {
    listed.push(...page.runs);
    total = page.total;
    if (listed.length >= limit) break;
  }
  return { runs: listed.slice(0, limit), total };
}
