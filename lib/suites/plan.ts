/** Expands suites into the runs that they want: settings merged, variables replaced. Pure but for hashes. */

import { safeParse } from "../deps/zod.ts";
import { InvalidInputs } from "../errors.ts";
import { parseDuration } from "../duration.ts";
import { createInputLayer, createValueLayer, type InputLayer } from "../inputs/merge.ts";
import { canonicalJson, formatPath, type InputPath, type Json, parsePath } from "../json.ts";
import { distinctProblems, type Problem } from "../problem.ts";
import type { ReportCase } from "../reports/report.ts";
import { counted, sha256 } from "../text.ts";
import { checkExpectations } from "./check_expectations.ts";
import { objectOf } from "./document.ts";
import { type AxisValue, combinationsOf } from "./matrix.ts";
import {
  type CaseDocument,
  type ExpectDocument,
  expectFormat,
  type OverridesDocument,
  type SuiteDocument,
} from "./format.ts";
import { type Reference, referencesOf, secretNames, substitute, type Values } from "./references.ts";
import { planMetrics, type PlannedMetrics } from "./metrics.ts";
import { planFailures, type PlannedFailure } from "./known_failures.ts";
import type { Suite } from "./read_suite.ts";

/** A run that a suite wants: of a case, or one that several cases need. */
export interface PlannedCase extends Pick<ReportCase, "id" | "suite" | "workflow" | "tags"> {
  readonly kind: "case" | "setup";
  /** Unique in its suite: with the values of the matrix. */
  readonly name: string;
  /** Without the values of the matrix. */
  readonly caseName: string;
  readonly file: { readonly path: string; readonly line: number };
  readonly matrix: Readonly<Record<string, string>>;
  readonly preset: string | null;
  readonly isTrusted: boolean;
  /** Lowest precedence first. */
  readonly inputs: readonly InputLayer[];
  /** Values of variables, of the matrix and of secrets in the inputs. */
  readonly values: Values;
  /** Values that no output shows. */
  readonly secrets: readonly string[];
  /** Names of clusters that must be on; `active` for those of the inputs, `any` for none. */
  readonly resources: "active" | "any" | readonly string[];
  /** Why it does not apply here; `null` if it does. */
  readonly skipReason: string | null;
  readonly locks: readonly string[];
  /** Ids of the runs that it waits for, setup among them. */
  readonly needs: readonly Need[];
  readonly timeoutMs: number;
  readonly queueTimeoutMs: number;
  readonly retries: { readonly max: number; readonly on: "infra" | "any" };
  readonly cleanup: "keep" | "delete-passed" | "delete";
  readonly expect: ExpectDocument;
  readonly metrics: PlannedMetrics;
  readonly knownFailures: readonly PlannedFailure[];
  /** Why it is in quarantine; empty if it is not. */
  readonly quarantine: readonly PlannedFailure[];
  /** Files that it depends on, relative to the suite's folder, like `src/**`. */
  readonly paths: readonly string[];
  problem(message: string): Problem;
  /** What prevents it from running with these variables: if it is to run, they are its problems. */
  readonly missing: readonly Problem[];
}

interface Need {
  readonly id: string;
  readonly when: "passed" | "finished";
  /** Whether its outputs are among the inputs, or it is a setup run: a change of its inputs concerns the case, too. */
  readonly isUsed: boolean;
}

export interface PlanOptions {
  /** `null` for none. */
  readonly environment: string | null;
  env(name: string): string | undefined;
  readonly overrides: OverridesDocument;
}

const DEFAULT_TIMEOUT = "1h";
const DEFAULT_QUEUE_TIMEOUT = "4h";

/**
 * All runs of all suites, in the order of the files; setup runs first.
 *
 * @throws InvalidInputs for a matrix without a combination, and for needs that no combination meets.
 */
export async function planSuites(suites: readonly Suite[], options: PlanOptions): Promise<readonly PlannedCase[]> {
  const problems: Problem[] = [];
  const planned = await Promise.all(suites.map((suite) => planSuite(suite, options, problems)));
  if (problems.length === 0) return planned.flat();
  const unique = distinctProblems(problems);
  throw new InvalidInputs(`Cannot run the suite: ${counted(unique.length, "problem")}, nothing was submitted`, unique);
}

/** A setup run prepares the cases, and measures nothing. */
const NO_METRICS: PlannedMetrics = { metrics: {}, references: [], referenceFiles: [] };

type Settings = Partial<Pick<CaseDocument, keyof NonNullable<SuiteDocument["defaults"]>>>;

/** A case, or one row of its matrix, before its settings are merged. */
interface Drafted {
  readonly id: string;
  readonly kind: "case" | "setup";
  readonly document: Partial<CaseDocument> & { readonly name: string };
  readonly path: InputPath;
  readonly values: readonly AxisValue[];
}

async function planSuite(suite: Suite, options: PlanOptions, problems: Problem[]): Promise<readonly PlannedCase[]> {
  const { setup = [], cases } = suite.document;
  const drafted: readonly Omit<Drafted, "id">[] = [
    ...setup.map((document, index) => ({ kind: "setup" as const, document, path: ["setup", index], values: [] })),
    ...cases.flatMap((document, index) => {
      const draft = { kind: "case" as const, document, path: ["cases", index] };
      const combinations = combinationsOf(document.matrix);
      if (combinations.length === 0) {
        problems.push(suite.problem([...draft.path, "matrix", "exclude"], "leaves no combination of the matrix"));
      }
      return combinations.map((values) => ({ ...draft, values }));
    }),
  ];
  const drafts = await Promise.all(drafted.map(async (draft) => {
    const { kind, document, values } = draft;
    const facts = [suite.name, kind, document.id ?? document.name, matrixOf(values)];
    return { ...draft, id: (await sha256(canonicalJson(facts))).slice(0, 16) };
  }));
  const byName = Map.groupBy(drafts, ({ document }) => document.name);
  return drafts.map((draft) => planCase(suite, draft, { byName, options, problems }));
}

interface Context {
  /** Each with all rows of its matrix. */
  readonly byName: ReadonlyMap<string, readonly Drafted[]>;
  readonly options: PlanOptions;
  readonly problems: Problem[];
}

function planCase(suite: Suite, draft: Drafted, { byName, options, problems }: Context): PlannedCase {
  const { kind, document, path, values } = draft;
  const { defaults = {}, environments = {} } = suite.document;
  const environment: Settings = options.environment === null ? {} : environments[options.environment] ?? {};
  const ofValues: Settings = Object.assign({}, ...values.map(({ settings }) => settings));
  const merged: Settings = { ...defaults, ...environment, ...document, ...ofValues, ...options.overrides };
  const matrix = matrixOf(values);
  const problem = (message: string) => suite.problem(path, message);
  const missing: Problem[] = [];
  const report = (message: string) => void missing.push(problem(message));
  const valueOf = (reference: Reference): Json | undefined => {
    if (reference.type === "variable") {
      const value = options.env(reference.name);
      if (value === undefined) report(`the environment variable ${reference.name} is not set`);
      return value ?? "";
    }
    const chosen = reference.type === "matrix" ? values.find(({ axis }) => axis === reference.name) : undefined;
    return chosen?.value === undefined ? chosen?.name : chosen.value;
  };
  const textOf = (text: string) => String(substitute(text, valueOf));
  const textsOf = (texts: string | readonly string[] | undefined) => [texts ?? []].flat().map(textOf);
  const inputs = inputLayersOf(suite, draft, environment);
  for (const reference of referencesOf(inputs)) valueOf(reference);
  const secrets = secretNames(inputs);
  for (const name of secrets) {
    if (options.env(name) === undefined) report(`the environment variable ${name} is not set`);
  }
  const workflow = textOf(merged.workflow ?? "");
  const isUnnamed = workflow === "" && missing.length === 0;
  if (isUnnamed) report("has no workflow: only environments name one (--env), or its variable is empty");
  const resources = textsOf(merged.requires?.resource ?? "active");
  const [only] = resources;
  const required = textsOf(merged.requires?.environment);
  const isHere = required.length === 0 || required.includes(options.environment ?? "");
  return {
    kind,
    id: draft.id,
    name: `${kind === "setup" ? "setup " : ""}${nameOf(document.name, matrix)}`,
    caseName: document.name,
    suite: suite.name,
    file: { path: suite.path, line: suite.lineOf(path) },
    tags: kind === "setup" ? [] : merged.tags ?? [],
    matrix,
    workflow,
    preset: merged.preset === undefined ? null : textOf(merged.preset),
    isTrusted: merged.trust === true,
    inputs,
    values: { valueOf, secret: (name) => options.env(name) ?? "" },
    secrets: secrets.flatMap((name) => options.env(name) ?? []),
    resources: resources.length === 1 && (only === "active" || only === "any") ? only : resources,
    skipReason: isHere ? null : `only in the environment ${required.join(" or ")}`,
    locks: textsOf(merged.lock),
    needs: needsOf(draft, {
      byName,
      setups: [merged.setup ?? []].flat(),
      inputs,
      report: (message) => problems.push(suite.problem([...path, "needs"], message)),
    }),
    timeoutMs: parseDuration(merged.timeout ?? DEFAULT_TIMEOUT),
    queueTimeoutMs: parseDuration(merged["queue-timeout"] ?? DEFAULT_QUEUE_TIMEOUT),
    retries: retriesOf(merged.retries),
    cleanup: merged.cleanup ?? "keep",
    expect: expectOf(draft, valueOf, report),
    metrics: kind === "setup" ? NO_METRICS : planMetrics(suite, document, options.environment),
    ...planFailures(suite, document, { ...matrix, environment: options.environment ?? "" }),
    paths: document.paths ?? [],
    problem,
    missing,
  };
}

function matrixOf(values: readonly AxisValue[]): Readonly<Record<string, string>> {
  return Object.fromEntries(values.map(({ axis, name }) => [axis, name]));
}

/** The name of a case with the values of its matrix. */
export function nameOf(name: string, matrix: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(matrix).map(([axis, value]) => `${axis}=${value}`);
  return pairs.length === 0 ? name : `${name} [${pairs.join(", ")}]`;
}

function retriesOf(retries: CaseDocument["retries"]): PlannedCase["retries"] {
  const { max, on = [] } = typeof retries === "object" ? retries : { max: retries ?? 0 };
  return { max, on: on.includes("any") ? "any" : "infra" };
}

function inputLayersOf(
  suite: Suite,
  { document, path, values }: Drafted,
  environment: Settings,
): readonly InputLayer[] {
  const layers = (inputs: CaseDocument["inputs"], origin: string): readonly InputLayer[] =>
    [inputs ?? []].flat().flatMap((one) =>
      typeof one === "string" ? suite.inputFiles.get(one) ?? [] : createInputLayer(origin, one)
    );
  const at = (place: InputPath) => `${suite.path}:${suite.lineOf(place)}`;
  return [
    ...layers(suite.document.defaults?.inputs, at(["defaults", "inputs"])),
    ...layers(environment.inputs, at(["environments"])),
    ...layers(document.inputs, at([...path, "inputs"])),
    ...values.flatMap(({ axis, value, settings }): readonly InputLayer[] => {
      const origin = at([...path, "matrix", axis]);
      const own = value === undefined ? [] : [createValueLayer(origin, parsePath(axis) ?? [axis], value)];
      return [...own, ...layers(settings.inputs, origin)];
    }),
  ];
}

function expectOf(
  { document, values }: Drafted,
  valueOf: (reference: Reference) => Json | undefined,
  report: (message: string) => void,
): ExpectDocument {
  const all = [document.expect ?? {}, ...values.flatMap(({ settings }) => settings.expect ?? [])];
  const merged = all.reduce((before, next) => ({
    ...before,
    ...next,
    outputs: { ...before.outputs, ...next.outputs },
    jobs: { ...before.jobs, ...next.jobs },
  }));
  const replaced = substitute(merged, valueOf);
  checkExpectations(objectOf(replaced), (path, message) => report(`${formatPath(["expect", ...path])} ${message}`));
  const read = safeParse(expectFormat, replaced);
  if (read.success) return read.data;
  report(`expect.${read.error.issues[0]?.path.join(".")} has no valid value once its variables are replaced`);
  return merged;
}

/** Of the rows of a needed case, those that agree with this one on the keys that both have. */
function needsOf(
  { kind, document, values }: Drafted,
  { byName, setups, inputs, report }: Pick<Context, "byName"> & {
    readonly setups: readonly string[];
    readonly inputs: readonly InputLayer[];
    report(message: string): void;
  },
): readonly Need[] {
  const draftsOf = (wanted: Drafted["kind"], name: string) =>
    byName.get(name)?.filter((other) => other.kind === wanted) ?? [];
  const wanted: readonly { readonly case: string; readonly when?: Need["when"] | undefined }[] = [document.needs ?? []]
    .flat().map((need) => typeof need === "string" ? { case: need } : need);
  const agrees = (other: Drafted) =>
    other.values.every(({ axis, name }) => values.every((own) => own.axis !== axis || own.name === name));
  const found = wanted.flatMap(({ case: name, when = "passed" }) => {
    const all = draftsOf("case", name);
    const rows = all.filter(agrees);
    if (rows.length === 0) {
      const axes = new Set(all.flatMap((other) => other.values.map(({ axis }) => axis)));
      const own = values.filter(({ axis }) => axes.has(axis)).map(({ axis, name }) => `${axis}=${name}`).join(", ");
      report(`${name} is not run with ${own || "any value"}: add that to its matrix, or exclude it from this one`);
    }
    const isUsed = referencesOf(inputs).some((one) => one.type === "output" && one.of === "cases" && one.name === name);
    const [first, second] = rows.map((other) => nameOf(name, matrixOf(other.values)));
    if (isUsed && first !== undefined && second !== undefined) {
      report(`the inputs name an output of ${name}, which has several here: of ${first} and ${second}`);
    }
    return rows.map(({ id }): Need => ({ id, when, isUsed }));
  });
  if (kind === "setup") return found;
  const needed = [...new Set(setups)].flatMap((name) => draftsOf("setup", name));
  return [...needed.map(({ id }): Need => ({ id, when: "passed", isUsed: true })), ...found];
}
