import { NotSubmitted } from "../../errors.ts";
import { formatDuration } from "../../duration.ts";
import { oneLine } from "../../escape.ts";
import type { Client } from "../../platform/client.ts";
import { STARTING_STATUSES } from "../../runs/submit.ts";
import { actionOf, argument, flag } from "../argv.ts";
import { defineCommand, type Invocation, JSON_OPTION } from "../command.ts";
import { confirm } from "../confirm.ts";
import { COMPLETED } from "../exit_codes.ts";
import { openClient } from "../open_client.ts";

const POLL_MS = 3_000;
const MAX_WAIT_MS = 10 * 60_000;

const action = actionOf({
  status: "show whether it is running",
  start: "start it if it is not running",
  restart: "restart it in any case",
});

export const command = defineCommand({
  examples: {
    "pw-workflow-runner workspace status": "Show whether the workspace is running",
    "pw-workflow-runner workspace start --wait": "Start it, and wait until it is running",
  },
  notes: [
    "The platform stops an idle workspace; that is normal. Starting it ends any runs still marked as",
    "running and changes the workspace's SSH key. start changes nothing if the workspace is running; restart always restarts it.",
  ].join("\n"),
  optionsOf: { status: [] },
  args: {
    action: argument("ACTION", { parse: action }),
    wait: flag("Wait until the workspace is running, up to 10 minutes"),
    yes: flag("Skip the confirmation", "y"),
    ...JSON_OPTION,
  },
  async run(call) {
    const { output, values: { action } } = call;
    const client = await openClient(call);
    const isRestarted = action !== "status" && await start(call, client, action);
    const isWaiting = action !== "status" && call.values.wait === true;
    const status = isWaiting ? await waitUntilRunning(call, client) : await statusOf(call, client);
    const { host } = client;
    const sign = status === "Running" ? output.answerStyle.green("✓") : output.answerStyle.dim("·");
    const text = `${sign} Your workspace on ${oneLine(host)} is ${oneLine(status)}`;
    return output.result({ host, status, isRestarted, ...COMPLETED }, () => text);
  },
});

type WorkspaceCall = Invocation<{ readonly wait?: boolean | undefined; readonly yes?: boolean | undefined }>;

/** @returns Whether that was necessary. */
async function start(call: WorkspaceCall, client: Client, action: "start" | "restart"): Promise<boolean> {
  const { signal, values } = call;
  const before = await statusOf(call, client);
  const isNeeded = action === "restart" || (before !== "Running" && !STARTING_STATUSES.has(before));
  if (isNeeded) {
    await confirm(call, {
      isConfirmed: values.yes === true,
      action: `${action} the workspace on ${client.host}: it ends your running runs, which`,
      question: `Your workspace on ${oneLine(client.host)} is ${oneLine(before)}. This ends your runs that are still ` +
        `marked as running, and changes the workspace's SSH key. Continue?`,
      refused: "the workspace was not changed",
    });
    await client.restartWorkspace({ signal });
    // A restart takes a moment to show.
    if (values.wait === true) await call.context.clock.sleep(POLL_MS, { signal });
  }
  return isNeeded;
}

async function waitUntilRunning(call: WorkspaceCall, client: Client): Promise<string> {
  const { context: { clock }, output, signal } = call;
  const startedAtMs = clock.monotonic();
  let shown = "";
  while (true) {
    const status = await statusOf(call, client);
    if (status === "Running") return status;
    if (status !== shown) output.log("INFO", `Workspace: ${oneLine(status)}...`);
    shown = status;
    const elapsedMs = clock.monotonic() - startedAtMs;
    if (status === "Failed" || elapsedMs >= MAX_WAIT_MS) {
      throw new NotSubmitted(`The workspace is ${status} after ${formatDuration(elapsedMs)}`, {
        hint: "Try `pw-workflow-runner workspace restart`, or check it in the web interface",
      });
    }
    await clock.sleep(POLL_MS, { signal });
  }
}

async function statusOf({ signal }: Pick<WorkspaceCall, "signal">, client: Client): Promise<string> {
  return await client.workspaceStatus({ signal }) ?? "Unknown";
}
