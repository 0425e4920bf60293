/** Checks everything before the first run is submitted: workflows, inputs, resources. Sends only reads. */

import { type CheckOptions, distinctWarnings } from "../batches/check_rows.ts";
import { findCluster, isWorkspace } from "../cluster.ts";
import { fallbackTo, InvalidInputs, NotFound } from "../errors.ts";
import { checkGivenInputs } from "../inputs/check.ts";
import { findSecrets, redactedValues, secretValues, withoutSecrets } from "../inputs/secrets.ts";
import { canonicalJson, type JsonObject, parsePath, valueAt } from "../json.ts";
import { distinctProblems, type Problem } from "../problem.ts";
import { createRedactor, type Redactor } from "../redact.ts";
import type { Deps } from "../runs/deps.ts";
import { inParallel } from "../in_parallel.ts";
import { gatherInputs, prepare, type PreparedRun } from "../runs/prepare.ts";
import { MAX_OWN_NAME_LENGTH } from "../runs/slug.ts";
import { sha256, shortened } from "../text.ts";
import { inputLayers, referencesIn, referencesOf, type Values } from "./references.ts";
import { cannotRun } from "./read_suite.ts";
import type { PlannedCase } from "./plan.ts";

/** A case that may run. */
export interface CheckedCase extends PlannedCase {
  /** Identifies its submissions in a session: it changes with the inputs. */
  readonly key: string;
  /** Without secrets; empty if they depend on other runs. */
  readonly givenInputs: JsonObject;
  /** The clusters that it runs on, as far as they are known. */
  readonly clusters: readonly string[];
  /** Why a resource that it needs cannot be used; `null` if it can. */
  readonly offReason: string | null;
  /** Such as an input that the form does not have. */
  readonly warnings: readonly Problem[];
}

export type PreflightOptions = Pick<CheckOptions, "signal" | "checking">;

type Context = Pick<Deps, "client"> & PreflightOptions;

const MAX_CONCURRENT = 4;

/** Of a case that does not apply here: its workflow and its clusters may exist only where it does. */
const UNCHECKED = { givenInputs: {}, clusters: [], offReason: null, warnings: [] };

/**
 * @param deps With a client that reads each workflow once.
 * @throws InvalidInputs with the problems of all cases.
 */
export async function preflight(
  deps: Pick<Deps, "client">,
  cases: readonly PlannedCase[],
  options: PreflightOptions,
): Promise<readonly CheckedCase[]> {
  const stopping = new AbortController();
  const context = { ...options, client: deps.client, signal: AbortSignal.any([options.signal, stopping.signal]) };
  const checked: CheckedCase[] = [];
  const problems: Problem[] = [];
  const refused: InvalidInputs[] = [];
  const secrets: string[] = [];
  await inParallel([...cases.entries()], MAX_CONCURRENT, async ([index, one]) => {
    if (one.skipReason !== null) return void (checked[index] = { ...one, ...UNCHECKED, key: one.id });
    if (one.missing.length > 0) return void problems.push(...one.missing);
    try {
      checked[index] = await checkCase(context, one);
    } catch (error) {
      const reported = problemsOf(one, error);
      if (reported === undefined) {
        // The others would be sent again for minutes.
        stopping.abort(error);
        throw error;
      }
      problems.push(...reported);
      if (error instanceof InvalidInputs) refused.push(error);
      secrets.push(...await secretsOf(context, one));
    }
  });
  if (problems.length === 0) return await withUsedRuns(checked);
  const redact = createRedactor([...secrets, ...Object.values(checked).flatMap((one) => one.secrets)]);
  const shown = distinctProblems(problems).map((problem) => withoutSecretsOf(problem, redact));
  const warnings = distinctWarnings([...Object.values(checked), ...refused], "case");
  throw new InvalidInputs(cannotRun(cases.map(({ file }) => file.path), shown.length), shown, { warnings });
}

function problemsOf(one: PlannedCase, error: unknown): readonly Problem[] | undefined {
  if (error instanceof NotFound) {
    const hint = error.commandHint === undefined ? "" : `. ${error.commandHint}`;
    return [one.problem(`${error.message.replace(/^Cannot find /, "there is no ").replace(/:.*$/s, "")}${hint}`)];
  }
  if (!(error instanceof InvalidInputs)) return undefined;
  return error.problems.map(({ origin, path, message }) =>
    one.problem(`${one.name}: ${[path, message].filter(Boolean).join(" ")}${origin === "" ? "" : ` (${origin})`}`)
  );
}

/** The secrets among inputs that were refused, as far as the inputs can be merged: their line in the file is shown. */
async function secretsOf(context: Context, one: PlannedCase): Promise<readonly string[]> {
  const gathered = await mergedInputs(context, one).catch(fallbackTo(null));
  if (gathered === null) return [];
  const { form, resolved: { value, secretPaths } } = gathered;
  return secretValues(value, findSecrets(value, { form, secretPaths }));
}

/** What is wrong with the values that are known before other runs have ended. What is missing may depend on these. */
async function warningsOf(context: Context, one: PlannedCase): Promise<readonly Problem[]> {
  const { form, resolved, clusters } = await mergedInputs(context, one);
  if (form === null) return [];
  return checkGivenInputs(form, resolved, { clusters }).filter(({ path }) => {
    const value = valueAt(resolved.value, parsePath(path) ?? []) ?? null;
    return referencesIn(JSON.stringify(value)).length === 0;
  });
}

function mergedInputs(context: Context, { workflow, preset, inputs, values }: PlannedCase) {
  return gatherInputs(context, { workflow, preset, layers: inputLayers(inputs, values) }, context);
}

/** Without its line where the mark would divide a secret. */
function withoutSecretsOf({ excerpt, ...problem }: Problem, redact: Redactor): Problem {
  const redacted = { ...problem, message: redact(problem.message) };
  if (excerpt === undefined) return redacted;
  const { line } = excerpt;
  const start = excerpt.column - 1;
  const end = start + excerpt.length;
  const before = redact(line.slice(0, start));
  const marked = redact(line.slice(start, end));
  const shown = before + marked + redact(line.slice(end));
  if (shown !== redact(line)) return redacted;
  return { ...redacted, excerpt: { line: shown, column: before.length + 1, length: Math.max(1, marked.length) } };
}

/** Whether its inputs have outputs of other runs. */
export function dependsOnRuns({ inputs }: Pick<PlannedCase, "inputs">): boolean {
  return referencesOf(inputs).some(({ type }) => type === "output");
}

async function checkCase(context: Context, one: PlannedCase): Promise<CheckedCase> {
  const isDependent = dependsOnRuns(one);
  // Values that are not known yet cannot be checked. The others show where it runs, and what is secret.
  const checking = isDependent ? "none" : context.checking;
  const prepared = await prepareCase(context, one, one.values, { ...context, checking });
  const clusters = prepared.clusterNames().filter((name) => referencesIn(name).length === 0);
  const given = isDependent ? {} : withoutSecrets(prepared.given, prepared.request.secretPaths);
  // Not the lines of values that are not known yet: they change with the file.
  const unfilled = JSON.stringify(one.inputs.map(({ path, value }) => [path, value]));
  const content = canonicalJson([one.workflow, one.preset, isDependent ? unfilled : given]);
  return {
    ...one,
    key: `${one.id}-${(await sha256(content)).slice(0, 8)}`,
    givenInputs: given,
    clusters,
    offReason: await offReasonOf(context, one.resources === "active" ? clusters : one.resources),
    warnings: isDependent && context.checking !== "none" ? await warningsOf(context, one) : prepared.warnings,
    secrets: [...one.secrets, ...redactedValues(prepared.request)],
  };
}

/** With other keys for the cases that use what other runs have made. Without recursion: thousands may follow each other. */
async function withUsedRuns(checked: readonly CheckedCase[]): Promise<readonly CheckedCase[]> {
  const keys = new Map<string, string>();
  for (let before = -1; before < keys.size;) {
    before = keys.size;
    for (const { id, key, needs } of checked.filter(({ id }) => !keys.has(id))) {
      const used = needs.filter(({ isUsed }) => isUsed).map((need) => keys.get(need.id));
      if (used.includes(undefined)) continue;
      keys.set(id, used.length === 0 ? key : `${id}-${(await sha256([key, ...used].join())).slice(0, 8)}`);
    }
  }
  return checked.map((one) => ({ ...one, key: keys.get(one.id) ?? one.key }));
}

/** The request of a case: merged again for each attempt, because inputs may depend on other runs. */
export async function prepareCase(
  deps: Pick<Deps, "client">,
  one: PlannedCase,
  values: Values,
  { signal, checking }: PreflightOptions,
): Promise<PreparedRun> {
  const { workflow, preset, isTrusted, name, suite } = one;
  const layers = inputLayers(one.inputs, values);
  const displayName = shortened(`${suite}: ${name}`, MAX_OWN_NAME_LENGTH);
  return await prepare(deps, { workflow, layers, preset, displayName, isTrusted, checking }, { signal });
}

async function offReasonOf({ client, signal }: Context, wanted: "any" | readonly string[]): Promise<string | null> {
  if (wanted === "any" || wanted.length === 0) return null;
  const known = await client.listClusters({ signal });
  for (const name of wanted.filter((name) => !isWorkspace(name))) {
    const cluster = findCluster(known, name);
    if (cluster === undefined) return `there is no cluster ${name}`;
    if (cluster.status !== "active") return `${name} is ${cluster.status}`;
  }
  return null;
}
