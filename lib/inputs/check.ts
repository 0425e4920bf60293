import type { Cluster } from "../cluster.ts";
import { formatPath, type InputPath, type Json, type JsonObject } from "../json.ts";
import { firstOfKinds, type Problem } from "../problem.ts";
import { type FieldProblem, findProblems } from "./find_problems.ts";
import type { Form } from "./form.ts";
import type { ResolvedInputs } from "./merge.ts";
import { originOf, sourcesAt, writtenIn } from "./sources.ts";
import { describeValue } from "./value_check.ts";

export interface CheckedInputs {
  /** What would fail, or have an unexpected effect; of one kind, the first ten and a last one with the number of others. */
  readonly problems: readonly Problem[];
  /** With those that `problems` only counts. */
  readonly problemCount: number;
  /** The required fields without a value, if there are no other problems: asking for them is enough. */
  readonly missing: readonly InputPath[];
  /** What the platform accepts, and what cannot be decided here; shortened like `problems`. */
  readonly warnings: readonly Problem[];
}

/**
 * Finds all problems, each with the origin of its value.
 *
 * @param form Without a form, only numbers that cannot be sent are problems.
 * @param options.isStrict Reports unknown fields as problems instead of warnings.
 */
export function checkInputs(
  form: Form | null,
  resolved: ResolvedInputs,
  { isStrict, clusters }: { readonly isStrict: boolean; readonly clusters: readonly Cluster[] | null },
): CheckedInputs {
  const inexact = inexactIn(resolved.value).map((path): FieldProblem => ({ type: "invalid", path, message: INEXACT }));
  const found = inexact.length > 0 || form === null
    ? inexact
    : findProblems(form, resolved.value, { secretPaths: new Set(resolved.secretPaths), clusters });
  const isProblem = ({ type }: FieldProblem) =>
    type === "invalid" || type === "missing" || (type === "unknown" && isStrict);
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  for (const fieldProblem of shortened(found)) {
    (isProblem(fieldProblem) ? problems : warnings).push(withOrigin(fieldProblem, resolved));
  }
  const all = found.filter(isProblem);
  const missing = all.every(({ type }) => type === "missing") ? all.map(({ path }) => path) : [];
  return { problems, warnings, missing, problemCount: all.length };
}

/** The problems and warnings of {@link checkInputs} about the values that there are, and not about those that are missing. */
export function checkGivenInputs(
  form: Form,
  resolved: ResolvedInputs,
  { clusters }: { readonly clusters: readonly Cluster[] | null },
): readonly Problem[] {
  const found = findProblems(form, resolved.value, { secretPaths: new Set(resolved.secretPaths), clusters });
  const given = found.filter(({ type }) => type !== "missing" && type !== "maybe-missing");
  return shortened(given).map((problem) => withOrigin(problem, resolved));
}

const INEXACT = "cannot be sent exactly as a number: give it as text";

/** Those of a file with a hundred thousand wrong names add nothing new. */
function shortened(found: readonly FieldProblem[]): FieldProblem[] {
  return firstOfKinds(found, kindOf, ({ type, path }, count): FieldProblem => {
    const message = `and ${count} more`;
    return type === "unknown"
      ? { type, path: [], message: `${message} unknown fields` }
      : { type, path: path.slice(0, path.findIndex((segment) => typeof segment === "number")), message };
  });
}

/** Unknown fields are of one kind; so are other problems of the same field in the rows of a list. */
function kindOf({ type, path }: FieldProblem): string {
  if (type === "unknown") return type;
  return `${type} ${formatPath(path.map((segment) => typeof segment === "number" ? 0 : segment))}`;
}

/**
 * A missing value has no origin of its own: then the origin is that of the row or group around it. A number is quoted as its
 * file has it: a user who wrote 1.10 does not search for 1.1.
 */
function withOrigin({ path, message }: FieldProblem, { layers }: ResolvedInputs): Problem {
  const around = path.map((_, index) => sourcesAt(layers, path.slice(0, path.length - index))[0]);
  const origin = around.find((source) => source !== undefined);
  const [own] = around;
  const written = own === undefined ? undefined : writtenIn(own);
  return {
    origin: origin === undefined ? "" : originOf(origin),
    path: formatPath(path),
    message: own === undefined || written === undefined
      ? message
      : message.replace(`got ${describeValue(own.value)}`, () => `got ${written}`),
  };
}

/** The numbers of a server's or caller's JSON that could not be kept, which are infinite or not a number. */
function inexactIn(inputs: JsonObject): InputPath[] {
  const found: InputPath[] = [];
  // Copied only where something is found: there may be very many values.
  const path: (string | number)[] = [];
  const visit = (segment: string | number, member: Json): void => {
    path.push(segment);
    if (typeof member === "number" && !Number.isFinite(member)) found.push([...path]);
    if (typeof member === "object" && member !== null) visitAll(member);
    path.pop();
  };
  const visitAll = (members: Json[] | JsonObject): void => {
    if (Array.isArray(members)) members.forEach((member, index) => visit(index, member));
    else for (const name in members) visit(name, members[name] ?? null);
  };
  visitAll(inputs);
  return found;
}
