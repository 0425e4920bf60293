/** The runs that a command line names: by a slug, `WF#47`, `WF:47` or `last`. */

import { NotFound, UsageError } from "../../errors.ts";
import { runChoices } from "../../prompts/choices.ts";
import type { RunId } from "../../run.ts";
import type { Deps } from "../../runs/deps.ts";
import { recordSeen } from "../../runs/advance_result.ts";
import { findRun, type RunRef } from "../../runs/find.ts";
import { redactingReads } from "../../runs/redacting.ts";
import { argument } from "../argv.ts";
import type { Invocation } from "../command.ts";
import { canPrompt } from "../confirm.ts";
import type { Context } from "../context.ts";
import { type HistoryUse, openDeps } from "../open.ts";

export const RUN_HINT = "Use its slug, WORKFLOW#47, or last";

export const ONE_RUN = { run: argument("RUN", { multiple: true, completes: "run", hint: RUN_HINT }) } as const;
/** Selected by the user where it is missing. */
export const ONE_OR_PICKED_RUN = { run: { ...ONE_RUN.run, required: false } } as const;
export const MANY_RUNS = { runs: argument("RUN…", { multiple: true, completes: "run", hint: RUN_HINT }) } as const;

/**
 * Parses the arguments of a command that takes one run; `WF 47` is allowed as well.
 *
 * @throws UsageError if they name several.
 */
export function parseOneRun(args: readonly string[]): RunRef {
  const [first = "", second, ...others] = args;
  if (second === undefined) return parseRun(first);
  const number = parseNumber(second.replace(/^#/, ""));
  if (number === undefined || others.length > 0 || parseNumber(first) !== undefined) {
    throw new UsageError(`"${args.join(" ")}" is not one run`, { hint: RUN_HINT });
  }
  return { type: "number", workflow: first, number };
}

/**
 * Parses the arguments of a command that takes several runs, where `WF 47` could be two.
 *
 * @throws UsageError for a bare number.
 */
export function parseManyRuns(args: readonly string[]): RunRef[] {
  return args.map((arg, index) => parseRun(arg, `Write it as one argument: ${args[index - 1] ?? "WORKFLOW"}#${arg}`));
}

/**
 * Opens what a command reads about one run, which the user selects where the arguments are missing. Texts of the server that
 * repeat secrets of the run are masked.
 *
 * @throws UsageError where they are missing and there is no terminal to pick a run at.
 */
export async function openRun(call: Invocation<{ readonly run?: readonly string[] | undefined }>, command: string) {
  const { run: args } = call.values;
  if (args === undefined) checkCanPick(call.context, command);
  const ref = args === undefined ? undefined : parseOneRun(args);
  await using opening = new AsyncDisposableStack();
  const deps = opening.use(await openDeps(call, historyFor(ref === undefined ? [] : [ref])));
  const { signal } = call;
  const runId = ref === undefined
    ? await pickRun({ ...call, client: deps.client }, { isRunning: false })
    : await findRun(deps, ref, { signal });
  const client = await redactingReads(deps, runId);
  const run = await client.getRun(runId, { signal });
  await recordSeen(deps, run);
  const opened = opening.move();
  return { deps: { ...deps, client }, runId, run, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

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

/** The history names the last run: it is no empty one because it cannot be read. */
export function historyFor(refs: readonly RunRef[]): HistoryUse {
  return refs.some(({ type }) => type === "last") ? "read" : "optional";
}

/** @param numberHint For a bare number. */
function parseRun(
  argument: string,
  numberHint = `Runs are numbered per workflow: WORKFLOW#${argument.trim()}`,
): RunRef {
  const text = argument.trim();
  if (text === "") throw new UsageError("Argument RUN is empty", { hint: RUN_HINT });
  if (text === "last") return { type: "last" };
  if (parseNumber(text) !== undefined) {
    throw new UsageError(`${text} is a run number without a workflow`, { hint: numberHint });
  }
  const [, workflow, digits] = /^(.+)[#:]([0-9]+)$/.exec(text) ?? [];
  const number = parseNumber(digits ?? "");
  return workflow === undefined || number === undefined
    ? { type: "slug", slug: text }
    : { type: "number", workflow, number };
}

function parseNumber(text: string): number | undefined {
  const number = Number(text);
  return /^[0-9]+$/.test(text) && Number.isSafeInteger(number) ? number : undefined;
}
