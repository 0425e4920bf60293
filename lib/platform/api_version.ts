/** Which family of routes a host speaks. */

import { RunnerError } from "../errors.ts";
import type { ApiVersion } from "../capabilities.ts";
import { ask, askOr } from "./request.ts";
import type { Abortable } from "./client.ts";
import type { Http } from "./http.ts";

export interface Routes {
  /** Asks the host the first time. */
  family(options: Abortable): Promise<ApiVersion>;
  /** What is known by now, without asking. */
  known(): ApiVersion | undefined;
}

/** @param known What was learned before. */
export function createRoutes(http: Http, known: ApiVersion | undefined): Routes {
  let family = known;
  let asking: { readonly answer: Promise<ApiVersion>; readonly signal: AbortSignal | undefined } | undefined;
  return {
    known: () => family,
    async family(options) {
      while (family === undefined) {
        const mine = asking ??= { answer: probe(http, options), signal: options.signal };
        try {
          family = await mine.answer;
        } catch (error) {
          if (asking === mine) asking = undefined;
          options.signal?.throwIfAborted();
          // Who asked for all of us has given up: we ask ourselves.
          if (error instanceof RunnerError || mine.signal?.aborted !== true) throw error;
        }
      }
      return family;
    },
  };
}

/** A read tells; a submit's 404 would not, since it may mean the workflow. */
async function probe(http: Http, options: Abortable): Promise<ApiVersion> {
  const act = `ask ${http.baseUrl} which routes it speaks`;
  return await askOr<ApiVersion>("legacy", ["not_found", "unsupported"], async () => {
    const [answer, { readRunPage }] = await Promise.all([
      ask(http, { ...options, act, path: "/api/workflow-runs?limit=1" }),
      import("./run_schema.ts"),
    ]);
    // A sign-in page with status 200 is no answer.
    readRunPage(answer, act);
    return "current";
  });
}
