import { isObject, type Json } from "../../lib/json.ts";
import type { Simulator } from "../../lib/simulator/simulator.ts";

export interface TestResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** A member of the JSON body by path, such as `runs.0.slug`; `""`: the body. Throws a SyntaxError if it is not JSON. */
  at(path: string): Json | undefined;
}

export interface RequestOptions {
  readonly user?: string;
  readonly body?: Json;
  /** The `Authorization` header; `null`: none. The default is the user's API key. */
  readonly authorization?: string | null;
  readonly accept?: string;
}

export async function request(
  sim: Pick<Simulator, "url" | "keyFor">,
  method: string,
  path: string,
  { user = "demo", body, authorization = basic(sim.keyFor(user)), accept = "application/json" }: RequestOptions = {},
): Promise<TestResponse> {
  const headers = new Headers({ accept });
  if (authorization !== null) headers.set("authorization", authorization);
  const response = await fetch(sim.url + path, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, at: (path) => memberOf(JSON.parse(text), path) };
}

export function basic(key: string): string {
  return `Basic ${btoa(`${key}:`)}`;
}

/** Starts a run and returns its slug. */
export async function submit(
  sim: Pick<Simulator, "url" | "keyFor">,
  workflow: string,
  { user = "demo", ...body }: { readonly user?: string; readonly slug?: string; readonly inputs?: Json } = {},
): Promise<string> {
  const response = await request(sim, "POST", "/api/workflow-runs", { user, body: { workflow, ...body } });
  if (response.status !== 200) throw new Error(`submit: ${response.status} ${response.text}`);
  return String(response.at("run.slug"));
}

function memberOf(json: Json, path: string): Json | undefined {
  const names = path === "" ? [] : path.split(".");
  return names.reduce<Json | undefined>((value, name) => {
    if (Array.isArray(value)) return value[Number(name)];
    return isObject(value) ? value[name] : undefined;
  }, json);
}
