import type { Cluster } from "../cluster.ts";
import type { Json } from "../json.ts";
import type { Problem } from "../problem.ts";
import { type FieldProblem, findProblems } from "./find_problems.ts";
import type { Form } from "./form.ts";
import type { InputSource, ResolvedInputs } from "./merge.ts";
import { formatPath, type InputPath } from "./path.ts";
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
export async function checkInputs(
  form: Form | null,
  resolved: ResolvedInputs,
  { isStrict, clusters }: { readonly isStrict: boolean; readonly clusters: readonly Cluster[] | null },
): Promise<CheckedInputs> {
  const inexact = inexactIn(resolved.value).map((path): FieldProblem => ({ type: "invalid", path, message: INEXACT }));
  const found = inexact.length > 0 || form === null
    ? inexact
    : findProblems(form, resolved.value, { secretPaths: new Set(resolved.secretPaths), clusters });
  const isProblem = ({ type }: FieldProblem) =>
    type === "invalid" || type === "missing" || (type === "unknown" && isStrict);
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  for (const fieldProblem of shortened(found)) {
    (isProblem(fieldProblem) ? problems : warnings).push(await withOrigin(fieldProblem, resolved));
  }
  const all = found.filter(isProblem);
  const missing = all.every(({ type }) => type === "missing") ? all.map(({ path }) => path) : [];
  return { problems, warnings, missing, problemCount: all.length };
}

/** The names that the form does not have, each with the origin of its value; shortened like the problems of {@link checkInputs}. */
export async function findUnknownNames(form: Form, resolved: ResolvedInputs): Promise<readonly Problem[]> {
  const found = findProblems(form, resolved.value, { secretPaths: new Set(resolved.secretPaths), clusters: null });
  const unknown = found.filter(({ type, isMisspelled }) => type === "unknown" || isMisspelled === true);
  return await Promise.all(shortened(unknown).map((problem) => withOrigin(problem, resolved)));
}

const INEXACT = "cannot be sent exactly as a number: give it as text";
const MAX_OF_KIND = 10;

/** Keeps the first problems of each kind. The others of a file with a hundred thousand wrong names add nothing new. */
function shortened(found: readonly FieldProblem[]): FieldProblem[] {
  const counts = new Map<string, { readonly first: FieldProblem; count: number }>();
  const kept = found.filter((problem) => {
    const kind = counts.get(kindOf(problem)) ?? { first: problem, count: 0 };
    counts.set(kindOf(problem), kind);
    kind.count++;
    return kind.count <= MAX_OF_KIND;
  });
  const rest = [...counts.values()].flatMap(({ first: { type, path }, count }): FieldProblem[] => {
    if (count <= MAX_OF_KIND) return [];
    const message = `and ${(count - MAX_OF_KIND).toLocaleString("en-US")} more`;
    return type === "unknown"
      ? [{ type, path: [], message: `${message} unknown fields` }]
      : [{ type, path: path.slice(0, path.findIndex((segment) => typeof segment === "number")), message }];
  });
  return [...kept, ...rest];
}

/** Unknown fields are of one kind; so are other problems of the same field in the rows of a list. */
function kindOf({ type, path }: FieldProblem): string {
  if (type === "unknown") return type;
  return `${type} ${formatPath(path.map((segment) => typeof segment === "number" ? 0 : segment))}`;
}

/** A missing value has no origin of its own: then the origin is that of the row or group around it. */
async function withOrigin({ path, message }: FieldProblem, resolved: ResolvedInputs): Promise<Problem> {
  let origin = "";
  for (let length = path.length; length > 0 && origin === ""; length--) {
    const [winner] = resolved.sourcesOf(path.slice(0, length));
    origin = await winner?.origin() ?? "";
  }
  return { origin, path: formatPath(path), message: await quotingSource(message, resolved.sourcesOf(path)) };
}

/** Quotes a number as its file has it: a user who wrote 1.10 does not search for 1.1. */
async function quotingSource(message: string, [winner]: readonly InputSource[]): Promise<string> {
  if (typeof winner?.value !== "number") return message;
  const got = `got ${describeValue(winner.value)}`;
  const written = message.includes(got) ? await winner.written() : undefined;
  return written === undefined ? message : message.replace(got, () => `got ${written}`);
}

/** The numbers of a server's or caller's JSON that could not be kept, which are infinite. */
function inexactIn(value: Json): InputPath[] {
  const found: InputPath[] = [];
  // Copied only where something is found: there may be very many values.
  const path: (string | number)[] = [];
  const visit = (member: Json): void => {
    if (typeof member === "number" && !Number.isFinite(member)) found.push([...path]);
    if (typeof member !== "object" || member === null) return;
    for (const name in member) {
      path.push(Array.isArray(member) ? Number(name) : name);
      visit(Reflect.get(member, name));
      path.pop();
    }
  };
  visit(value);
  return found;
}
