/** A table of routes: what each request is called and what it does. */

import type { Answer } from "../answers.ts";
import type { Operation } from "../simulator.ts";
import type { SimulatorState } from "../state.ts";

export interface Call {
  readonly world: SimulatorState;
  readonly user: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Parsed JSON; `null` when there was none. */
  readonly body: unknown;
  readonly nowMs: number;
}

export interface Route {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Like `/api/workflow-runs/:slug`. */
  readonly path: string;
  readonly operation: Operation;
  /** Answered without a credential. */
  readonly isOpen?: boolean;
  /** Only on servers of that generation; on all of them by default. */
  readonly family?: "current" | "legacy";
  /** Throws a Refusal. */
  readonly handle: (call: Call) => Answer;
}

export type Match =
  | { readonly type: "found"; readonly route: Route; readonly params: Readonly<Record<string, string>> }
  | { readonly type: "wrong-method"; readonly allowed: readonly string[] }
  | { readonly type: "none" };

export function matchRoute(routes: readonly Route[], method: string, path: string): Match {
  const fitting = routes.flatMap((route) => {
    const params = paramsOf(route.path, path);
    return params === null ? [] : [{ route, params }];
  });
  const found = fitting.find(({ route }) => route.method === method);
  if (found !== undefined) return { type: "found", ...found };
  if (fitting.length === 0) return { type: "none" };
  return { type: "wrong-method", allowed: [...new Set(fitting.map(({ route }) => route.method))] };
}

function paramsOf(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split("/");
  const given = path.split("/");
  if (wanted.length !== given.length) return null;
  const params: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const segment = given[index] ?? "";
    if (part.startsWith(":") && segment !== "") params[part.slice(1)] = decode(segment);
    else if (part !== segment) return null;
  }
  return params;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment; // A stray percent sign stands for itself.
  }
}
