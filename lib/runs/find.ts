import type { Owner } from "../account.ts";
import { didYouMean } from "../did_you_mean.ts";
import { expected, NotFound, type RunnerErrorOptions, Unsupported, UsageError } from "../errors.ts";
import type { Abortable, Client } from "../platform/client.ts";
import { findRunByNumber } from "../platform/pager.ts";
import { formatRunId, type RunId, runIdOf } from "../run.ts";
import { programCommand } from "../shell_command.ts";
import type { RecentQuery, RunStore } from "../store/run_store.ts";
import type { Submission } from "../submission.ts";
import type { Deps } from "./deps.ts";

type Signal = AbortSignal | undefined;

/** A slug, a number within a workflow, or the latest run that this user started on this machine. */
export type RunRef = RunId | { readonly type: "last" };

/**
 * Resolves a reference to a run on the platform.
 *
 * @throws NotFound; UsageError when the slug is a workflow's name, or the number matches runs of two workflows;
 *   BadResponse when the list of runs is too long to search for a number.
 */
export async function findRun(deps: Deps, ref: RunRef, { signal }: Pick<Abortable, "signal"> = {}): Promise<RunId> {
  if (ref?.type === "last") return await findLast(deps, signal);
  const action = `find run ${formatRunId(ref)}`;
  return ref.type === "slug" ? await findBySlug(deps, ref.slug, signal) : await findByNumber(deps, ref, action, signal);
}

/**
 * Resolves several references; two of the same run count as one.
 *
 * @throws As {@link findRun}, for the first reference that names no run.
 */
export async function findRuns(deps: Deps, refs: readonly RunRef[], options: Pick<Abortable, "signal">) {
  const found = await Array.fromAsync(refs, (ref) => findRun(deps, ref, options));
  return [...new Map(found.map((runId) => [formatRunId(runId), runId])).values()];
}

async function findBySlug({ client }: Deps, slug: string, signal: Signal): Promise<RunId> {
  const run = await client.getRun({ type: "slug", slug }, { signal }).catch(expected(NotFound));
  if (!(run instanceof NotFound)) return runIdOf(run);
  if (!await isWorkflow(client, slug, signal)) throw noSuchRun(slug, run);
  const hint = `Specify one of its runs, for example ${slug}#47`;
  throw new UsageError(`Cannot find run ${slug}: it is a workflow`, {
    hint,
    commandHint: `${hint}; \`${programCommand("runs", [slug])}\` lists them`,
  });
}

async function findByNumber(
  { client }: Deps,
  { workflow, number }: Extract<RunRef, { type: "number" }>,
  action: string,
  signal: Signal,
): Promise<RunId> {
  const run = await findRunByNumber(client, { workflow, number }, { action, signal }).catch(expected(Unsupported));
  if (run instanceof Unsupported) {
    if (await client.apiVersion({ signal }) !== "legacy") throw run;
    return { type: "number", workflow, number };
  }
  if (run === undefined) {
    if (await isWorkflow(client, workflow, signal)) throw noSuchRun(`${workflow}#${number}`);
    const hints = await hintsForWorkflow(client, workflow, { signal });
    throw new NotFound(`Cannot ${action}: no workflow "${workflow}"`, hints);
  }
  return runIdOf(run, workflow);
}

/** Clocks of machines that share a history differ by less. */
export const CLOCK_TOLERANCE_MS = 60_000;

async function findLast(deps: Deps, signal: Signal): Promise<RunId> {
  const recent = await listLatest(deps.store, { owner: await ownerOf(deps, signal), limit: 20 }, deps.clock.now());
  for (const one of recent) {
    if (one.state === "active") return one.runId;
    // One that was cancelled before it was submitted has no run.
    if (one.state === "finished" && one.result.submitted !== "no") return one.runId;
  }
  throw new NotFound("Cannot find the last run: the local history is empty", {
    commandHint: "`pw-workflow-runner runs` lists the runs in your account",
  });
}

export async function ownerOf({ client }: Pick<Deps, "client">, signal: Signal): Promise<Owner> {
  const { user } = await client.whoAmI({ signal });
  return { host: client.host, user };
}

/** The newest first. What was created before the clock was set back seems to be newer: only where there is nothing else. */
export async function listLatest(store: RunStore, query: RecentQuery, nowMs: number): Promise<readonly Submission[]> {
  const after = { createdAtMs: nowMs + CLOCK_TOLERANCE_MS, submissionId: "0" };
  const latest = await store.listRecent({ ...query, after });
  return latest.length > 0 ? latest : await store.listRecent(query);
}

async function isWorkflow(client: Client, name: string, signal: Signal): Promise<boolean> {
  return !(await client.getWorkflow(name, { signal }).catch(expected(NotFound)) instanceof NotFound);
}

function noSuchRun(name: string, cause?: unknown): NotFound {
  return new NotFound(`Cannot find run ${name}: no such run`, {
    commandHint: "`pw-workflow-runner runs` lists the runs in your account",
    cause,
  });
}

/** @throws NotFound with a suggestion when no workflow has this name. */
export async function findWorkflow({ client }: Pick<Deps, "client">, name: string, options: Abortable) {
  const workflow = await client.getWorkflow(name, options).catch(expected(NotFound));
  if (!(workflow instanceof NotFound)) return workflow;
  throw new NotFound(`Cannot find workflow "${name}": your account has no workflow with this name`, {
    ...await hintsForWorkflow(client, name, options),
    cause: workflow,
  });
}

type Hints = Pick<RunnerErrorOptions, "hint" | "commandHint">;

/** What to do if no workflow has this name. */
async function hintsForWorkflow(client: Client, name: string, options: Abortable): Promise<Hints> {
  const names = (await client.listWorkflows(options)).map((workflow) => workflow.name);
  const hints = hintsForPath(name);
  if (hints !== undefined) return hints;
  const hint = didYouMean(name, names);
  return { hint, commandHint: hint ?? "`pw-workflow-runner list` lists your workflows" };
}

/** What to do if a workflow was specified as `pw` accepts it: as a file, or as an item of the marketplace. */
function hintsForPath(name: string): Hints | undefined {
  if (/\.json$/i.test(name)) {
    const hint = "Specify the workflow by its name";
    return { hint, commandHint: `${hint}, and the input file with -i` };
  }
  if (/\.ya?ml$/i.test(name) || /^(\.{0,2}|~)[/\\]/.test(name)) {
    const hint = "Runs start from workflows of your account: create one from the file in the web interface or with " +
      "`pw workflows create NAME --yaml FILE`, then run it by its name";
    return { hint, commandHint: `${hint}. Input files are specified with -i` };
  }
  if (/^(marketplace|github)[/.]/.test(name)) {
    return {
      hint:
        "Runs start from workflows of your account: add this one to your account in the web interface, then run it " +
        "by its name",
    };
  }
  return undefined;
}
