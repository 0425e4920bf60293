import { RunnerError } from "../errors.ts";
import type { ApiVersion } from "../capabilities.ts";
import { sendRequest, withFallbackOnNotFound } from "./request.ts";
import type { Abortable } from "./client.ts";
import type { Http } from "./http.ts";

export interface ApiVersionLookup {
  /** Sends a request the first time only. */
  get(options: Abortable): Promise<ApiVersion>;
  /** `undefined` until a lookup has succeeded. */
  cached(): ApiVersion | undefined;
}

/** @param initial From an earlier lookup; `undefined` if there was none. */
export function createApiVersionLookup(http: Http, initial: ApiVersion | undefined): ApiVersionLookup {
  let version = initial;
  let pending: { readonly version: Promise<ApiVersion>; readonly signal: AbortSignal | undefined } | undefined;
  return {
    cached: () => version,
    async get(options) {
      while (version === undefined) {
        const shared = pending ??= { version: detect(http, options), signal: options.signal };
        try {
          version = await shared.version;
        } catch (error) {
          if (pending === shared) pending = undefined;
          options.signal?.throwIfAborted();
          // Only the caller that started the shared request was aborted: start another one.
          if (error instanceof RunnerError || shared.signal?.aborted !== true) throw error;
        }
      }
      return version;
    },
  };
}

/** A read decides: a 404 to a submit would be ambiguous, because it may refer to the workflow. */
async function detect(http: Http, options: Abortable): Promise<ApiVersion> {
  const action = `detect the API version of ${http.baseUrl}`;
  return await withFallbackOnNotFound<ApiVersion>("legacy", ["not_found", "unsupported"], async () => {
    const [response, { readRunPage }] = await Promise.all([
      sendRequest(http, { ...options, action, path: "/api/workflow-runs?limit=1" }),
      import("./run_schema.ts"),
    ]);
    // Rejects a sign-in page with status 200.
    readRunPage(response, action);
    return "current";
  });
}
