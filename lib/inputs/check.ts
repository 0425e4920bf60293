/** Holds inputs to what the workflow asks for, before anything is sent. */

import type { Problem } from "../problem.ts";
import { type Finding, findProblems } from "./find_problems.ts";
import type { Form } from "./form.ts";
import type { ResolvedInputs } from "./merge.ts";
import { formatPath } from "./path.ts";

export interface CheckOptions {
  /** Makes problems of inputs that the workflow does not know. */
  readonly isStrict: boolean;
}

export interface Checked {
  /** What would fail, or do something else than was meant. */
  readonly problems: readonly Problem[];
  /** What the platform lets pass, and what is not known here. */
  readonly warnings: readonly Problem[];
}

/** Finds every problem at once, each with where it came from. */
export async function checkInputs(
  form: Form,
  resolved: ResolvedInputs,
  { isStrict }: CheckOptions,
): Promise<Checked> {
  const findings = findProblems(form, resolved.value, { asked: new Set(resolved.secretPaths) });
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  for (const finding of findings) {
    const problem = await located(finding, resolved);
    const isProblem = finding.type === "wrong" || (finding.type === "unknown-name" && isStrict);
    (isProblem ? problems : warnings).push(problem);
  }
  return { problems, warnings };
}

/** What is missing came from nowhere, but the row or group that it is missing from did come from somewhere. */
async function located({ path, message }: Finding, resolved: ResolvedInputs): Promise<Problem> {
  let origin = "";
  for (let length = path.length; length > 0 && origin === ""; length--) {
    const [winner] = resolved.sourcesOf(path.slice(0, length));
    origin = await winner?.origin() ?? "";
  }
  return { origin, path: formatPath(path), message };
}
