import type { Problem } from "../problem.ts";
import { type FieldProblem, findProblems } from "./find_problems.ts";
import type { Form } from "./form.ts";
import type { ResolvedInputs } from "./merge.ts";
import { formatPath } from "./path.ts";

export interface CheckOptions {
  /** Reports unknown fields as problems instead of warnings. */
  readonly isStrict: boolean;
}

export interface CheckedInputs {
  /** What would fail, or have an unexpected effect. */
  readonly problems: readonly Problem[];
  /** What the platform accepts, and what cannot be decided here. */
  readonly warnings: readonly Problem[];
}

/** Finds all problems, each with the origin of its value. */
export async function checkInputs(
  form: Form,
  resolved: ResolvedInputs,
  { isStrict }: CheckOptions,
): Promise<CheckedInputs> {
  const found = findProblems(form, resolved.value, { secretPaths: new Set(resolved.secretPaths) });
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  for (const fieldProblem of found) {
    const problem = await withOrigin(fieldProblem, resolved);
    const isProblem = fieldProblem.type === "invalid" || (fieldProblem.type === "unknown" && isStrict);
    (isProblem ? problems : warnings).push(problem);
  }
  return { problems, warnings };
}

/** A missing value has no origin of its own: then the origin is that of the row or group around it. */
async function withOrigin({ path, message }: FieldProblem, resolved: ResolvedInputs): Promise<Problem> {
  let origin = "";
  for (let length = path.length; length > 0 && origin === ""; length--) {
    const [winner] = resolved.sourcesOf(path.slice(0, length));
    origin = await winner?.origin() ?? "";
  }
  return { origin, path: formatPath(path), message };
}
