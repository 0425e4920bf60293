import { viewOf } from "../../runs/view.ts";
import type { Client, RunQuery } from "../../platform/client.ts";
import type { Run, RunPage } from "../../run.ts";
import { oneOf, wholeNumber } from "../argv.ts";
import { defineCommand, JSON_ARG } from "../command.ts";
import { EXIT_CODES } from "../exit_codes.ts";
import { openClient } from "../open.ts";
import { renderRuns } from "../render/runs.ts";

const PLATFORM_WORDS = {
  running: "running",
  completed: "completed",
  failed: "error",
  error: "error",
  cancelled: "canceled",
  canceled: "canceled",
} as const;

const statusWord = oneOf("running", "completed", "failed", "cancelled", "error", "canceled");
const howMany = wholeNumber({ min: 1, max: 10_000 });

export const runs = defineCommand({
  name: "runs",
  summary: "what was run",
  usage: "[WORKFLOW] [options]",
  examples: [
    { line: "pw-workflow-runner runs hello-world --limit 5", does: "the last five runs of a workflow" },
    { line: "pw-workflow-runner runs --status failed --json", does: "what failed, for a program" },
  ],
  args: {
    workflow: { type: "positional", required: false },
    status: {
      type: "custom",
      parse: statusWord,
      multiple: true,
      metavar: "STATUS",
      description: "Only these: running, completed, failed or cancelled; may be repeated",
    },
    limit: {
      type: "custom",
      parse: howMany,
      metavar: "N",
      description: "How many (default 20)",
    },
    ...JSON_ARG,
  },
  async run({ context, output, signal, values }) {
    const client = await openClient({ context, output, values });
    const statuses = (values.status ?? []).map((word) => PLATFORM_WORDS[word]);
    const { workflow, limit = 20 } = values;
    const { runs, total } = await firstRuns(client, { workflow, statuses, limit, signal });
    const views = runs.map((run) => viewOf(run));
    if (output.mode === "json") {
      output.document({ runs: views, total });
    } else if (views.length === 0) {
      output.say("INFO", workflow === undefined ? "No run fits" : `No run of ${workflow} fits`);
    } else {
      const columns = context.stdout.isTerminal ? context.stdout.columns() : Infinity;
      output.answer(renderRuns(views, { style: output.answerStyle, columns, nowMs: context.clock.now() }));
      if (total > views.length) output.say("INFO", output.style.dim(`${views.length} of ${total}: --limit shows more`));
    }
    return EXIT_CODES.completed;
  },
});

/** A server may answer with fewer than were asked for: asks on until there are enough. */
async function firstRuns(client: Client, { limit, ...query }: RunQuery & { readonly limit: number }): Promise<RunPage> {
  const runs: Run[] = [];
  while (true) {
    const page = await client.listRuns({ ...query, limit: limit - runs.length, offset: runs.length });
    runs.push(...page.runs);
    if (page.runs.length === 0 || runs.length >= limit || runs.length >= page.total) {
      return { runs: runs.slice(0, limit), total: page.total };
    }
  }
}
