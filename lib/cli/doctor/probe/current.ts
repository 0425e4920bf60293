/** What one or two runs through the current routes tell about a platform. */

import { Rejected } from "../../../errors.ts";
import { newCorrelationTag, slugFor } from "../../../runs/slug.ts";
import { type Caller, member, type Reply, textOf } from "./exchange.ts";
import { tryList, WANTED_LIMIT } from "./reads.ts";
import { type Basics, type ContactDeps, type ContactOptions, type Found, LOOK_MS, RUNS, runsOf } from "./trial.ts";

/** A run that does not show within this is not waited for. */
const LAG_MS = 90_000;

export type FlatOptions = ContactOptions & { readonly started: Set<string> };

/** @throws Rejected when the workflow can't be started. */
export async function tryFlat(
  deps: ContactDeps,
  ask: Caller,
  options: FlatOptions,
): Promise<Omit<Found, keyof Basics>> {
  const { tell } = deps;
  const { workflow, inputs } = options;
  const dryRun = dryRunOf(await ask.post(RUNS, { workflow, inputs, dryRun: true }));
  tell("dry run", dryRun ?? "refused");

  const requested = slugFor(workflow, newCorrelationTag(deps.random));
  const first = await submit(deps, ask, { ...options, slug: requested });
  const run = first.run ?? (await submit(deps, ask, { ...options, slug: null })).run;
  if (run === null) {
    throw new Rejected(`Cannot try the platform: ${workflow} was not started (${first.status})`, [], {
      hint: "Give it the inputs that it needs: -i",
    });
  }
  const lags = await lagsOf(deps, ask, run.slug, options);
  tell("lag", `page ${words(lags.readLagMs)}, list ${words(lags.listLagMs)}`);
  const { slugs, duplicateSlugStatus } = await trySlug(deps, ask, { ...options, requested, first, run });
  tell("slugs", `${slugs ?? "could not be told"}${duplicateSlugStatus === null ? "" : ` (${duplicateSlugStatus})`}`);

  const nested = await ask.get(`/api/workflows/${encodeURIComponent(workflow)}/runs/${run.number}`);
  const nestedRead = nested.status === 405 ? "405" : nested.status === 200 ? "run" : null;
  tell("older routes", nestedRead === null ? "not there" : `there, reading answers ${nested.status}`);
  const idInPath = (await ask.get(`${RUNS}/${run.id}`)).status === 200;
  tell("id in a path", idInPath ? "taken" : "not taken");
  const list = await tryList(ask);
  tell("list", `${list.listOrder ?? "order unknown"}, at most ${list.maxLimit ?? "more than there are"} at once`);

  const runningSteps = (await ask.get(`${RUNS}/${run.slug}/running-steps`)).status === 200;
  const seen = await untilEnded(deps, ask, run.slug, options);
  const cancel = await ask.post(`${RUNS}/${run.slug}/cancel`);
  tell("cancel of what has ended", seen.hasEnded ? String(cancel.status) : "could not be told");
  return {
    routes: nestedRead === null ? "current" : "both",
    nestedRead,
    slugs,
    duplicateSlugStatus,
    dryRun,
    cancelOfEnded: seen.hasEnded ? cancel.status : null,
    idInPath,
    ...list,
    ...lags,
    runningSteps,
    fileRanges: await tryRanges(ask, run.slug, seen.firstStep),
    words: seen.words,
  };
}

interface StartedRun {
  readonly id: string;
  readonly slug: string;
  readonly number: number;
}

async function submit(
  { tell }: ContactDeps,
  ask: Caller,
  { workflow, inputs, slug, started }: FlatOptions & { readonly slug: string | null },
): Promise<{ readonly status: number; readonly run: StartedRun | null }> {
  const name = { displayName: "a trial of pw-workflow-runner" };
  const { status, body } = await ask.post(RUNS, { workflow, inputs, ...name, ...(slug === null ? {} : { slug }) });
  const run = member(body, "run");
  const [id, found, number] = [textOf(run, "id"), textOf(run, "slug"), member(run, "number")];
  if (status !== 200 || id === null || found === null) return { status, run: null };
  if (!started.has(found)) tell("run", `${found} was started`);
  started.add(found);
  return { status, run: { id, slug: found, number: typeof number === "number" ? number : 0 } };
}

/** A slug of ours: honoured or not, and what a second submit of it comes to. */
async function trySlug(
  deps: ContactDeps,
  ask: Caller,
  { requested, first, run, ...options }: FlatOptions & {
    readonly requested: string;
    readonly first: { readonly run: StartedRun | null };
    readonly run: StartedRun;
  },
): Promise<Pick<Found, "slugs" | "duplicateSlugStatus">> {
  if (first.run === null) return { slugs: "refused", duplicateSlugStatus: null };
  if (run.slug !== requested) return { slugs: "ignored", duplicateSlugStatus: null };
  const second = await submit(deps, ask, { ...options, slug: requested });
  if (second.run === null) {
    // 5xx and 429 tell nothing about slugs.
    const isClear = [400, 409, 422].includes(second.status);
    return { slugs: isClear ? "unique" : null, duplicateSlugStatus: isClear ? second.status : null };
  }
  return { slugs: second.run.id === run.id ? "existing" : "shared", duplicateSlugStatus: null };
}

function dryRunOf({ status, body }: Reply): Found["dryRun"] {
  if (status !== 200) return null;
  const run = member(body, "run");
  if (textOf(run, "slug") === null) return "no-slug";
  return textOf(run, "status") === null ? "run-without-status" : "run";
}

async function lagsOf(
  { clock }: ContactDeps,
  ask: Caller,
  slug: string,
  { signal }: ContactOptions,
): Promise<Pick<Found, "readLagMs" | "listLagMs">> {
  const begunMs = clock.now();
  const found: { readLagMs: number | null; listLagMs: number | null } = { readLagMs: null, listLagMs: null };
  while (clock.now() - begunMs < LAG_MS) {
    const elapsedMs = clock.now() - begunMs;
    if (found.readLagMs === null && (await ask.get(`${RUNS}/${slug}`)).status === 200) found.readLagMs = elapsedMs;
    if (found.listLagMs === null && (await slugsInList(ask)).includes(slug)) found.listLagMs = elapsedMs;
    if (found.readLagMs !== null && found.listLagMs !== null) break;
    await clock.sleep(LOOK_MS, { signal });
  }
  return found;
}

async function slugsInList(ask: Caller): Promise<readonly string[]> {
  const runs = runsOf(await ask.get(`${RUNS}?limit=${WANTED_LIMIT}`));
  return runs.flatMap((run) => textOf(run, "slug") ?? []);
}

interface Watched {
  readonly hasEnded: boolean;
  readonly words: readonly string[];
  /** The log file of the first step there is. */
  readonly firstStep: string | null;
}

async function untilEnded(
  { clock, tell }: ContactDeps,
  ask: Caller,
  slug: string,
  { signal, patienceMs }: ContactOptions,
): Promise<Watched> {
  const words = new Set<string>();
  let firstStep: string | null = null;
  const endMs = clock.now() + patienceMs;
  while (true) {
    const { body } = await ask.get(`${RUNS}/${slug}`);
    for (const [job, detail] of Object.entries(member(body, "executedJobs") ?? {})) {
      const steps = member(detail, "steps");
      for (const holder of [detail, ...(Array.isArray(steps) ? steps : [])]) words.add(textOf(holder, "status") ?? "");
      if (Array.isArray(steps) && steps.length > 0) firstStep ??= `logs/${job}/step_0/logs.out`;
    }
    words.delete("");
    const hasEnded = ["completed", "error", "canceled"].includes(textOf(body, "status") ?? "");
    if (hasEnded || clock.now() >= endMs) {
      tell("words", [...words].join(", "));
      return { hasEnded, words: [...words].sort(), firstStep };
    }
    await clock.sleep(LOOK_MS, { signal });
  }
}

async function tryRanges(ask: Caller, slug: string, file: string | null): Promise<boolean | null> {
  if (file === null) return null;
  const path = `${RUNS}/${slug}/files?${new URLSearchParams({ file })}`;
  const { status } = await ask.get(path, { range: "bytes=0-1" });
  return status === 206 ? true : status === 200 ? false : null;
}

function words(lagMs: number | null): string {
  return lagMs === null ? "more than 90 s" : `${lagMs / 1_000} s`;
}
