import { counted } from "../text.ts";
import { didYouMean } from "../did_you_mean.ts";
import { InvalidInputs, NotFound } from "../errors.ts";
import { checkInputs } from "../inputs/check.ts";
import { declaredTypes } from "../inputs/declared_type.ts";
import type { Form, FormFields } from "../inputs/form.ts";
import { createInputLayer, type InputLayer } from "../inputs/layers.ts";
import { mergeLayers, type ResolvedInputs } from "../inputs/merge.ts";
import { readForm } from "../inputs/read_form.ts";
import { findSecrets, secretValues } from "../inputs/secrets.ts";
import type { Json, JsonObject } from "../json.ts";
import type { Problem } from "../problem.ts";
import type { RunRequest } from "../submission.ts";
import type { Consent, Workflow } from "../workflow.ts";
import type { Deps } from "./deps.ts";

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
}

/** A workflow and its merged inputs, not yet validated. */
export interface GatheredInputs {
  readonly workflow: Workflow;
  /** `null` when the workflow's form cannot be read. */
  readonly form: Form | null;
  readonly resolved: ResolvedInputs;
}

/**
 * Loads the workflow, merges and validates the inputs and freezes the request. Sends only reads.
 *
 * @throws NotFound for an unknown workflow or preset; InvalidInputs with all problems.
 */
export async function prepare(
  deps: Pick<Deps, "client">,
  spec: RunSpec,
  options: { readonly signal: AbortSignal },
): Promise<PreparedRun> {
  // A submit requires these as well: they are requested at the same time, and the client keeps them.
  const unneeded = new AbortController();
  const early = { signal: AbortSignal.any([options.signal, unneeded.signal]) };
  const prefetched = Promise.allSettled([deps.client.whoAmI(early), deps.client.apiVersion(early)]);
  try {
    return await prepareRequest(deps, spec, options);
  } catch (error) {
    unneeded.abort(error);
    await prefetched;
    throw error;
  }
}

async function prepareRequest(
  deps: Pick<Deps, "client">,
  spec: RunSpec,
  options: { readonly signal: AbortSignal },
): Promise<PreparedRun> {
  const { workflow, form, resolved } = await gatherInputs(deps, spec, options);
  const warnings = await check(workflow, form, resolved, spec.checking);
  const secretPaths = findSecrets(resolved.value, { form, secretPaths: resolved.secretPaths });
  const allowed = form === null ? [] : optionValues(form.fields);
  const request: RunRequest = {
    workflow: workflow.name,
    workflowId: workflow.id,
    inputs: frozen(resolved.value),
    secretPaths,
    publicValues: secretValues(resolved.value, secretPaths).filter((value) => allowed.includes(value)),
    displayName: spec.displayName,
    requestedConsent: consentOf(workflow),
    isTrusted: spec.isTrusted,
    startsSession: Object.keys(objectAt(workflow.yaml, "sessions")).length > 0,
  };
  return { request, warnings };
}

/**
 * Loads the workflow and merges the inputs, using the types that its form declares.
 *
 * @throws NotFound for an unknown workflow or preset; InvalidInputs for inputs that cannot be merged.
 */
export async function gatherInputs(
  deps: Pick<Deps, "client">,
  spec: InputsSpec,
  { signal }: { readonly signal: AbortSignal },
): Promise<GatheredInputs> {
  const workflow = await findWorkflow(deps, spec.workflow, signal);
  const layers = spec.preset === null ? spec.layers : [presetOf(workflow, spec.preset), ...spec.layers];
  const form = readForm(workflow.yaml);
  return { workflow, form, resolved: mergeLayers(layers, declaredTypes(form)) };
}

/**
 * Validates a request on the platform without running it.
 *
 * @throws Rejected with the platform's problems; the client's other errors.
 */
export async function dryRun(
  { client }: Pick<Deps, "client">,
  request: RunRequest,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  await client.dryRun({
    workflow: request.workflow,
    inputs: request.inputs,
    displayName: request.displayName,
    consent: request.isTrusted ? request.requestedConsent ?? { permissions: [], variables: [] } : null,
  }, { signal });
}

/** @throws NotFound with a suggestion when no workflow has this name. */
export async function findWorkflow(
  { client }: Pick<Deps, "client">,
  name: string,
  signal: AbortSignal,
): Promise<Workflow> {
  try {
    return await client.getWorkflow(name, { signal });
  } catch (error) {
    if (!(error instanceof NotFound)) throw error;
    const names = (await client.listWorkflows({ signal })).map((workflow) => workflow.name);
    throw new NotFound(`Cannot find workflow "${name}": your account has no workflow with this name`, {
      hint: didYouMean(name, names) ?? "`pw-workflow-runner list` lists your workflows",
      cause: error,
    });
  }
}

async function check(
  { name }: Workflow,
  form: Form | null,
  resolved: ResolvedInputs,
  checking: InputChecking,
): Promise<readonly Problem[]> {
  if (form === null || checking === "none") return [];
  const { problems, problemCount, warnings } = await checkInputs(form, resolved, { isStrict: checking === "strict" });
  if (problems.length === 0) return warnings;
  const count = counted(problemCount, "problem");
  throw new InvalidInputs(`Cannot run ${name}: ${count} with its inputs, nothing was submitted`, problems, {
    hint: `\`pw-workflow-runner show ${name}\` lists its inputs`,
  });
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
function consentOf({ yaml }: Workflow): Consent | null {
  const permissions = namesIn(yaml?.["permissions"]);
  const variables = namesIn(yaml?.["variables"]);
  return permissions.length + variables.length === 0 ? null : { permissions, variables };
}

function namesIn(value: Json | undefined): string[] {
  if (Array.isArray(value)) return value.filter((name) => typeof name === "string");
  return typeof value === "object" && value !== null ? Object.keys(value) : [];
}

function objectAt(yaml: JsonObject | null, name: string): JsonObject {
  const value = yaml?.[name];
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}

function frozen<T extends Json>(value: T): T {
  if (typeof value === "object" && value !== null) {
    for (const member of Object.values(value)) frozen(member);
    Object.freeze(value);
  }
  return value;
}

/** The values of every option, also those inside groups and lists. */
function optionValues(fields: FormFields): string[] {
  return [...fields.values()].flatMap((field) => {
    if (field.kind === "choice") return (field.options ?? []).map(({ value }) => String(value));
    return field.kind === "group" || field.kind === "list" ? optionValues(field.fields) : [];
  });
}
