import type { Cluster } from "../cluster.ts";
import { fallbackTo, InvalidInputs, NotFound } from "../errors.ts";
import { type CheckedInputs, checkInputs } from "../inputs/check.ts";
import { describeType } from "../inputs/check_json.ts";
import { clusterNames, describeSelected, needsClusters, selectClusters } from "../inputs/clusters.ts";
import { evaluateConditions, type UnknownCondition } from "../inputs/field_state.ts";
import { allFields, declaredTypes, type Form, hasClusterFields } from "../inputs/form.ts";
import { createInputLayer, createValueLayer, type InputLayer, mergeLayers, withDefaults } from "../inputs/merge.ts";
import { frozen, type InputPath, isObject, type Json, type JsonObject, valueAt } from "../json.ts";
import { readForm } from "../inputs/read_form.ts";
import { findSecrets, secretValues } from "../inputs/secrets.ts";
import type { Abortable } from "../platform/client.ts";
import type { Problem } from "../problem.ts";
import { programCommand } from "../shell_command.ts";
import type { RunRequest } from "../submission.ts";
import { counted } from "../text.ts";
import type { Consent, Workflow } from "../workflow.ts";
import { withConsentDetails } from "./consent.ts";
import type { Deps } from "./deps.ts";
import { findWorkflow } from "./find.ts";
import { checkDisplayName } from "./slug.ts";

/** How inputs are validated against the workflow's form: `strict` also rejects inputs that the form does not define. */
export type InputChecking = "lenient" | "strict" | "none";

/** A workflow and the sources of its inputs. */
export interface InputsSpec {
  /** The workflow's name in the account. */
  readonly workflow: string;
  /** Lowest precedence first. */
  readonly layers: readonly InputLayer[];
  /** Inputs saved with the workflow; every layer overrides them. */
  readonly preset: string | null;
  /** Adds the literal defaults of the form, as the web form does; default true. */
  readonly sendsDefaults?: boolean;
}

/** Input to {@link prepare}. */
export interface RunSpec extends InputsSpec {
  /** The run's display name; `null` for the name of the workflow. */
  readonly displayName: string | null;
  /** Grants the consent that the workflow requests. */
  readonly isTrusted: boolean;
  /** `none` skips the validation. */
  readonly checking: InputChecking;
}

/** A validated request that is ready to submit. */
export interface PreparedRun {
  /** Its inputs are frozen. */
  readonly request: RunRequest;
  /** Problems of the inputs that do not prevent the run. */
  readonly warnings: readonly Problem[];
  /** The inputs without the form's defaults. */
  readonly given: JsonObject;
  /** What was chosen for the user, like a cluster. */
  readonly notes: readonly string[];
  /** Names of the clusters that it runs on, as far as its form has fields for them. */
  clusterNames(): readonly string[];
  /** The conditions of the form that cannot be evaluated here. */
  unknownConditions(): readonly UnknownCondition[];
}

/** Required inputs that have no value. */
export interface MissingInputs {
  readonly form: Form;
  readonly paths: readonly InputPath[];
  /** The inputs so far, without defaults. */
  readonly inputs: JsonObject;
  readonly clusters: readonly Cluster[] | null;
}

type ReadOptions = Pick<Abortable, "retry"> & { readonly signal: AbortSignal };

/** Options of {@link prepareAsking}. */
export interface PrepareOptions extends ReadOptions {
  /** Asks the user for required inputs and returns all inputs. Without it, they are problems. */
  readonly ask?: ((missing: MissingInputs) => Promise<JsonObject>) | undefined;
}

/** A workflow and its merged inputs, not yet validated. */
export type GatheredInputs = Awaited<ReturnType<typeof completed>>;

/**
 * Loads the workflow, merges and validates the inputs and freezes the request. Sends only reads.
 *
 * @throws NotFound for an unknown workflow or preset; InvalidInputs with all problems; UsageError for a display name that is
 * too long.
 */
export async function prepare(
  deps: Pick<Deps, "client">,
  spec: RunSpec,
  { signal = new AbortController().signal, retry }: Pick<Abortable, "signal" | "retry"> = {},
): Promise<PreparedRun> {
  return await prepareAsking(deps, spec, { signal, retry });
}

/** {@link prepare}, which asks for required inputs without a value. */
export async function prepareAsking(deps: Pick<Deps, "client">, spec: RunSpec, options: PrepareOptions) {
  checkSpec(spec);
  // A submit requires these as well: they are requested at the same time, and the client keeps them.
  const unneeded = new AbortController();
  const early = { signal: AbortSignal.any([options.signal, unneeded.signal]), retry: options.retry };
  const prefetched = Promise.allSettled([deps.client.whoAmI(early), deps.client.apiVersion(early)]);
  try {
    return await prepareRequest(deps, spec, options);
  } catch (error) {
    unneeded.abort(error);
    await prefetched;
    throw error;
  }
}

/** Nothing checks the types of a program in JavaScript: the text "false" must not give a consent. */
function checkSpec({ displayName, isTrusted, checking }: RunSpec): void {
  if (displayName !== null) checkDisplayName(displayName);
  if (typeof isTrusted !== "boolean") {
    throw new TypeError(`isTrusted must be true or false: got ${describeType(isTrusted)}`);
  }
  if (!["lenient", "strict", "none"].includes(checking)) {
    throw new RangeError(`checking must be lenient, strict or none: got ${JSON.stringify(checking)}`);
  }
}

async function prepareRequest(
  deps: Pick<Deps, "client">,
  runSpec: RunSpec,
  { ask, ...options }: PrepareOptions,
): Promise<PreparedRun> {
  // Without a check, the inputs are sent as they are.
  const spec = runSpec.checking === "none" ? { ...runSpec, sendsDefaults: false } : runSpec;
  let gathered = await gatherInputs(deps, spec, options);
  let notes: readonly string[] = gathered.notes;
  let checked = check(gathered, spec.checking);
  while (ask !== undefined && checked.missing.length > 0 && gathered.form !== null) {
    const { workflow, form, given: inputs } = gathered;
    // Rows that do not exist yet may have a cluster each.
    const areListed = gathered.clusters?.length !== 0 || !hasClusterFields(form);
    const clusters = areListed ? gathered.clusters : await listClusters(deps, options);
    const answers = await ask({ form, paths: checked.missing, inputs, clusters });
    // Of what was given, the origins remain, and that a value is secret.
    const layers = [...gathered.resolved.layers, ...layersAt(checked.missing, answers)];
    gathered = await completed(deps, workflow, { ...spec, layers }, options);
    notes = [...notes, ...gathered.notes];
    const { missing } = checked;
    checked = check(gathered, spec.checking);
    if (JSON.stringify(checked.missing) === JSON.stringify(missing)) break;
  }
  const { workflow, form, resolved, clusters } = gathered;
  refuse(workflow, checked);
  const secretPaths = findSecrets(resolved.value, { form, secretPaths: resolved.secretPaths });
  const allowed = form === null ? [] : optionValues(form);
  const sessions = workflow.yaml?.["sessions"];
  const request: RunRequest = {
    workflow: workflow.name,
    workflowId: workflow.id,
    inputs: frozen(resolved.value),
    secretPaths,
    publicValues: secretValues(resolved.value, secretPaths).filter((value) => allowed.includes(value)),
    displayName: spec.displayName,
    requestedConsent: consentOf(workflow),
    isTrusted: spec.isTrusted,
    startsSession: isObject(sessions) && Object.keys(sessions).length > 0,
  };
  const unknownConditions = () =>
    form === null ? [] : evaluateConditions({ form, inputs: resolved.value, rows: [], clusters }).unknown;
  return {
    request,
    given: gathered.given,
    warnings: checked.warnings,
    notes,
    clusterNames: () => form === null ? [] : clusterNames(form, resolved.value, clusters),
    unknownConditions,
  };
}

function layersAt(paths: readonly InputPath[], answers: JsonObject): readonly InputLayer[] {
  return paths.flatMap((path) => {
    const value = valueAt(answers, path);
    return value === undefined ? [] : [createValueLayer("your answers", path, value)];
  });
}

/**
 * Loads the workflow and merges the inputs, using the types that its form declares; then adds what the web form adds: the
 * cluster of a field with `autoselect`, if only one fits, and the form's defaults.
 *
 * @throws NotFound for an unknown workflow or preset; InvalidInputs for inputs that cannot be merged.
 */
export async function gatherInputs(deps: Pick<Deps, "client">, spec: InputsSpec, options: ReadOptions) {
  const workflow = await findWorkflow(deps, spec.workflow, options);
  const layers = spec.preset === null ? spec.layers : [presetOf(workflow, spec.preset), ...spec.layers];
  return await completed(deps, workflow, { ...spec, layers }, options);
}

async function completed(
  deps: Pick<Deps, "client">,
  workflow: Workflow,
  { layers, sendsDefaults = true }: InputsSpec,
  options: ReadOptions,
) {
  /** `null` when it cannot be read. */
  const form = readForm(workflow.yaml);
  const merged = mergeLayers(layers, declaredTypes(form));
  if (form === null) return { workflow, form, resolved: merged, given: merged.value, clusters: null, notes: [] };
  const hasClusters = hasClusterFields(form);
  /** Those that conditions need; `null` when they cannot be listed. */
  const clusters = hasClusters && needsClusters(form, merged.value) ? await listClusters(deps, options) : [];
  const selected = hasClusters ? selectClusters(form, merged.value, clusters ?? []) : [];
  const chosen = selected.length === 0 ? merged : mergeLayers([...layers, ...selected], declaredTypes(form));
  const resolved = sendsDefaults ? withDefaults(chosen, form, { clusters }) : chosen;
  /** What was chosen for the user. */
  const notes = selected.map(describeSelected);
  return { workflow, form, resolved, given: chosen.value, clusters, notes };
}

/** @returns `null` if they cannot be listed: then the conditions that depend on them are unknown. */
export async function listClusters({ client }: Pick<Deps, "client">, options: ReadOptions) {
  return await client.listClusters(options).catch(fallbackTo(null));
}

function check({ form, resolved, clusters }: GatheredInputs, checking: InputChecking): CheckedInputs {
  return checkInputs(checking === "none" ? null : form, resolved, { isStrict: checking === "strict", clusters });
}

function refuse({ name }: Workflow, { problems, problemCount, warnings }: CheckedInputs): void {
  if (problems.length === 0) return;
  const message = `Cannot run ${name}: ${counted(problemCount, "problem")} with its inputs, nothing was submitted`;
  const commandHint = `\`${programCommand("show", [name])}\` lists its inputs`;
  throw new InvalidInputs(message, problems, { commandHint, warnings });
}

function presetOf(workflow: Workflow, name: string): InputLayer {
  const preset = workflow.presets.find((preset) => preset.name === name);
  if (preset !== undefined) return createInputLayer(`preset ${name}`, preset.inputs);
  const names = workflow.presets.map((preset) => `"${preset.name}"`).join(", ");
  throw new NotFound(`Cannot find preset "${name}" of ${workflow.name}`, {
    hint: names === "" ? "This workflow has no presets" : `Available: ${names}`,
  });
}

/** The permissions and variables that the workflow file requests. */
export function consentOf({ yaml }: Workflow): Consent | null {
  const permissions = namesIn(yaml?.["permissions"]);
  const variables = namesIn(yaml?.["variables"]);
  return permissions.length + variables.length === 0 ? null : { permissions, variables };
}

function namesIn(value: Json | undefined): string[] {
  if (Array.isArray(value)) return value.filter((name) => typeof name === "string");
  return isObject(value) ? Object.keys(value) : [];
}

function optionValues(form: Form): string[] {
  return allFields(form.fields.values()).flatMap(({ prompt }) =>
    prompt.type === "choice" ? prompt.options.map(({ value }) => String(value)) : []
  );
}

/**
 * Validates a request on the platform without running it.
 *
 * @throws Rejected with the platform's problems; ConsentRequired; the client's other errors.
 */
export async function dryRun(
  { client }: Pick<Deps, "client">,
  request: RunRequest,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const { workflow, inputs, displayName, isTrusted, requestedConsent } = request;
  const consent = isTrusted ? requestedConsent ?? { permissions: [], variables: [] } : null;
  await client.dryRun({ workflow, inputs, displayName, consent }, { signal }).catch((error: unknown) => {
    throw withConsentDetails(request, error);
  });
}
