/** Picks a run at the terminal, for commands that were called without one. */

import { NotFound, UsageError } from "../../errors.ts";
import { runChoices } from "../../prompts/choices.ts";
import type { RunId } from "../../run.ts";
import type { Deps } from "../../runs/deps.ts";
import type { Invocation } from "../command.ts";
import { canPrompt } from "../confirm.ts";
import type { Context } from "../context.ts";

const MAX_CHOICES = 50;

const LIST_HINT = "`pw-workflow-runner runs` lists runs: use a slug, WORKFLOW#47, or last";

/** @throws UsageError where there is no terminal to pick a run at. */
export function checkCanPick(context: Context, command: string): void {
  if (!canPrompt(context)) throw new UsageError(`${command}: missing argument RUN`, { hint: LIST_HINT });
}

/**
 * Asks which of the latest runs to use.
 *
 * @throws NotFound if there is none; Stopped if the user cancels.
 */
export async function pickRun(
  call: Omit<Invocation, "values"> & Pick<Deps, "client">,
  { isRunning }: { readonly isRunning: boolean },
): Promise<RunId> {
  const { client, signal } = call;
  const { runs } = await client.listRuns({ statuses: isRunning ? ["running"] : [], limit: MAX_CHOICES, signal });
  if (runs.length === 0) {
    throw new NotFound(`Cannot pick a run: there is no ${isRunning ? "running " : ""}run`, { hint: LIST_HINT });
  }
  const { promptFor } = await import("../terminal/prompter.ts");
  const choices = runChoices(runs, call.context.clock.now());
  const cancelled = { message: "Cancelled: no run was selected", hint: LIST_HINT };
  return await promptFor(call, (prompter) => prompter.choose("Select a run", choices), cancelled);
}
