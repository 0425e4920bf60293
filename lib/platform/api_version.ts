import type { ApiVersion } from "../capabilities.ts";
import { sendRequest, withFallbackOnNotFound } from "./request.ts";
import type { Abortable } from "./client.ts";
import type { Http } from "./http.ts";

/** Remembers that a host has the current API. */
export interface ApiVersionCache {
  /** `undefined` if it is not known; does not throw. */
  load(): Promise<ApiVersion | undefined>;
  /** Does not throw. */
  save(version: ApiVersion): Promise<void>;
}

/** A read decides: a 404 to a submit would be ambiguous, because it may refer to the workflow. */
export async function detectApiVersion(
  http: Http,
  options: Abortable,
  cache?: ApiVersionCache,
): Promise<ApiVersion> {
  const known = await cache?.load();
  if (known !== undefined) return known;
  const action = `detect the API version of ${http.baseUrl}`;
  const version = await withFallbackOnNotFound<ApiVersion>("legacy", ["not_found", "unsupported"], async () => {
    const [response, { readRunPage }] = await Promise.all([
      sendRequest(http, { ...options, action, path: "/api/workflow-runs?limit=1" }),
      import("./run_schema.ts"),
    ]);
    // Rejects a sign-in page with status 200.
    readRunPage(response, action);
    return "current";
  });
  await cache?.save(version);
  return version;
}
