/**
 * Answers about runs: checked, and told in our words. Imported while an answer is on its way, since loading the checker
 * takes as long as a quick answer. Shapes: the contract's WorkflowRunResponse and its kin; a field that it doesn't
 * require may be missing or `null`, and one that it doesn't name passes.
 */

import { array, looseObject, nullish, number, optional, string, unknown } from "../deps/zod.ts";
import type { Link, Redirect, Run, RunDetail, RunPage, Step } from "../run.ts";
import type { Answer } from "./http.ts";
import { readJobs } from "./run_jobs.ts";
import { readStatus } from "./run_status.ts";
import { badAnswer, jsonObject, readJson, readShape, said } from "./schema.ts";

/** A run that a submit started, and the session that its page would open. */
export interface StartedRun {
  readonly run: Run;
  readonly redirectSession: string | null;
}

const RUN_FIELDS = {
  id: string(),
  user: string(),
  slug: nullish(string()),
  number: nullish(number()),
  status: nullish(string()),
  statusReason: nullish(string()),
  displayName: nullish(string()),
  workflowName: nullish(string()),
  workflowId: nullish(string()),
  createdAt: nullish(string()),
  completedAt: nullish(string()),
};
const RUN = looseObject(RUN_FIELDS);

const DETAIL_FIELDS = {
  executedJobs: optional(unknown()),
  inputs: optional(unknown()),
  links: optional(unknown()),
  redirect: optional(unknown()),
};
const RUN_DETAIL = looseObject({ ...RUN_FIELDS, ...DETAIL_FIELDS });

/** Older servers (the contract's former JobResponse) may say `variables` for inputs, and leave the user out. */
const OLDER_FIELDS = { ...RUN_FIELDS, ...DETAIL_FIELDS, user: nullish(string()), variables: optional(unknown()) };
const OLDER_RUN = looseObject(OLDER_FIELDS);

const RUN_PAGE = looseObject({ runs: nullish(array(RUN)), total: number() });
const STARTED = looseObject({ run: RUN, redirect: optional(unknown()) });
const OLDER_STARTED = looseObject({ run: OLDER_RUN, redirect: optional(unknown()) });
const RUNNING_STEPS = looseObject({
  runningSteps: nullish(array(looseObject({ name: string(), status: nullish(string()) }))),
});

type WireRun =
  & {
    readonly [field in Exclude<keyof typeof RUN_FIELDS, "id" | "number">]?: string | null | undefined;
  }
  & { readonly id: string; readonly number?: number | null | undefined };

export function readRunPage(answer: Answer, act: string): RunPage {
  const { runs, total } = readShape(RUN_PAGE, answer, act);
  return { runs: (runs ?? []).map(runOf), total };
}

export function readRunDetail(answer: Answer, act: string): RunDetail {
  const run = readShape(RUN_DETAIL, answer, act);
  return { ...runOf(run), ...detailOf(run) };
}

export function readStartedRun(answer: Answer, act: string): StartedRun {
  const { run, redirect } = readShape(STARTED, answer, act);
  if (said(run.slug) === null) throw badAnswer(answer, act, "run.slug must be a string, got nothing");
  return { run: runOf(run), redirectSession: sessionOf(redirect) };
}

/** On older servers a run is followed by its number. */
export function readOlderStartedRun(answer: Answer, act: string): StartedRun {
  const { run, redirect } = readShape(OLDER_STARTED, answer, act);
  if (typeof run.number !== "number") throw badAnswer(answer, act, "run.number must be a number, got nothing");
  return { run: { ...runOf(run), slug: null }, redirectSession: sessionOf(redirect) };
}

/** An older server's run, bare or within `{run}`. */
export function readOlderRunDetail(answer: Answer, act: string): RunDetail {
  const isWrapped = jsonObject(readJson(answer, act))?.run !== undefined;
  const run = isWrapped ? readShape(OLDER_STARTED, answer, act).run : readShape(OLDER_RUN, answer, act);
  const inputs = run.inputs ?? objectOfPairs(run.variables);
  return { ...runOf(run), slug: null, ...detailOf({ ...run, inputs }) };
}

export function readRunningSteps(answer: Answer, act: string): Pick<Step, "name" | "status">[] {
  const { runningSteps } = readShape(RUNNING_STEPS, answer, act);
  return (runningSteps ?? []).map(({ name, status }) => ({ name, status: status ?? "" }));
}

function runOf(run: WireRun): Run {
  const completedAt = instant(run.completedAt);
  return {
    id: run.id,
    slug: said(run.slug),
    number: run.number ?? null,
    user: run.user ?? "",
    workflowName: said(run.workflowName),
    workflowId: said(run.workflowId),
    displayName: said(run.displayName),
    ...readStatus(run.status ?? "", completedAt),
    statusReason: said(run.statusReason),
    createdAt: instant(run.createdAt),
    completedAt,
  };
}

/** A server written in Go may send its zero time for "not yet". */
function instant(text: string | null | undefined): string | null {
  return text?.startsWith("0001-01-01") ? null : said(text);
}

function detailOf(
  run: { readonly [field in keyof typeof DETAIL_FIELDS]?: unknown },
): Pick<RunDetail, "jobs" | "inputs" | "links" | "redirect"> {
  return {
    jobs: readJobs(run.executedJobs),
    inputs: jsonObject(run.inputs),
    links: Object.entries(jsonObject(run.links) ?? {}).map(linkOf),
    redirect: redirectOf(run.redirect),
  };
}

function linkOf([name, value]: [string, unknown]): Link {
  const { url, endpoint } = jsonObject(value) ?? {};
  return {
    name,
    url: typeof url === "string" ? said(url) : null,
    endpoint: typeof endpoint === "string" ? said(endpoint) : null,
  };
}

function redirectOf(value: unknown): Redirect | null {
  const { kind, name } = jsonObject(value) ?? {};
  if ((kind !== "session" && kind !== "link") || typeof name !== "string") return null;
  return { kind, name };
}

/** A name on the answer to a submit; an object on a run's page. */
function sessionOf(redirect: unknown): string | null {
  if (typeof redirect === "string") return said(redirect);
  const read = redirectOf(redirect);
  return read?.kind === "session" ? read.name : null;
}

function objectOfPairs(pairs: unknown): unknown {
  if (!Array.isArray(pairs)) return pairs;
  return Object.fromEntries(
    pairs.map((pair: unknown) => Array.isArray(pair) ? pair : [jsonObject(pair)?.key, jsonObject(pair)?.value]),
  );
}
