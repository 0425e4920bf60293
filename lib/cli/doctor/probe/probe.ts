/**
 * Tries the points that the platform's contract leaves open, with a few runs of one harmless workflow, and cleans up.
 * Each is asked for by what can be seen, never by a server's words.
 */

import { Rejected } from "../../../errors.ts";
import { type Caller, caller, member, textOf } from "./exchange.ts";
import { tryFlat } from "./current.ts";
import type { PlatformProfile } from "./profile.ts";
import { tryReads } from "./reads.ts";
import { type Basics, type ContactDeps, type ContactOptions, type Found, RUNS } from "./trial.ts";

export interface Contact {
  readonly profile: PlatformProfile;
  /** What was started on the platform and is still there, for whoever wants to look. */
  readonly left: readonly string[];
}

/**
 * At most three runs are started.
 *
 * @throws NotFound when there is no such workflow; Rejected when it can't be run; ResponseLost; the signal's reason.
 */
export async function contact(deps: ContactDeps, options: ContactOptions): Promise<Contact> {
  const ask = caller(deps.http, options.signal);
  const started = new Set<string>();
  try {
    const basics = await tryReads(deps, ask, options);
    const rest = basics.isFlat
      ? await tryFlat(deps, ask, { ...options, started })
      : await tryNested(deps, ask, options);
    const { isFlat: _, ...found } = basics;
    const profile: PlatformProfile = {
      version: 1,
      triedOn: new Date(deps.clock.now()).toISOString().slice(0, 10),
      ...found,
      ...rest,
      ...ask.seen,
    };
    return { profile, left: await cleanUp(deps, started, options) };
  } catch (error) {
    await cleanUp(deps, started, { ...options, signal: new AbortController().signal });
    throw error;
  }
}

/** Older servers know a run by its number, and nothing of slugs. */
async function tryNested(deps: ContactDeps, ask: Caller, options: ContactOptions): Promise<Omit<Found, keyof Basics>> {
  const path = `/api/workflows/${encodeURIComponent(options.workflow)}/runs`;
  const { status, body } = await ask.post(path, { inputs: options.inputs });
  const number = member(member(body, "run"), "number");
  if (typeof number !== "number") {
    throw new Rejected(`Cannot try the platform: ${options.workflow} was not started (${status})`, [], {
      hint: "Give it the inputs that it needs: -i",
    });
  }
  deps.tell("run", `number ${number} was started; older servers have no cancel, it goes on to its end`);
  const read = (await ask.get(`${path}/${number}`)).status;
  const nestedRead = read === 405 ? "405" : read === 200 ? "run" : null;
  deps.tell("older routes", `reading a run answers ${read}`);
  return {
    routes: "legacy",
    nestedRead,
    slugs: null,
    duplicateSlugStatus: null,
    dryRun: null,
    cancelOfEnded: null,
    idInPath: null,
    listOrder: null,
    maxLimit: null,
    readLagMs: null,
    listLagMs: null,
    runningSteps: null,
    fileRanges: null,
    words: [],
  };
}

/** Ends what still goes on, removes what was started if that was wished, and tells what is left. */
async function cleanUp(
  { http, tell }: ContactDeps,
  started: ReadonlySet<string>,
  { signal, deletes }: ContactOptions,
): Promise<readonly string[]> {
  const ask = caller(http, signal);
  for (const slug of started) {
    const { body } = await ask.get(`${RUNS}/${slug}`);
    if (textOf(body, "status") === "running") await ask.post(`${RUNS}/${slug}/cancel`);
    if (deletes) await ask.delete(`${RUNS}/${slug}`);
    tell("clean-up", `${slug} ${deletes ? "was deleted" : "has ended or is being cancelled, and stays in your list"}`);
  }
  return deletes ? [] : [...started];
}
