/** From what is wished to what will be sent: everything is decided here, before anything is sent. */

import { didYouMean } from "../did_you_mean.ts";
import { InvalidInputs, NotFound } from "../errors.ts";
import { checkInputs } from "../inputs/check.ts";
import { declaredTypes } from "../inputs/declared_type.ts";
import type { Form } from "../inputs/form.ts";
import { givenLayer, type InputLayer } from "../inputs/layers.ts";
import { mergeLayers, type ResolvedInputs } from "../inputs/merge.ts";
import { readForm } from "../inputs/read_form.ts";
import { findSecrets } from "../inputs/secrets.ts";
import type { Json, JsonObject } from "../json.ts";
import type { Problem } from "../problem.ts";
import type { RunRequest } from "../submission.ts";
import type { Consent, Workflow } from "../workflow.ts";
import type { Deps } from "./deps.ts";

/** How inputs are held to what the workflow asks for: `strict` also refuses what the workflow does not know. */
export type Checking = "lenient" | "strict" | "none";

/** Inputs as somebody gives them. */
export interface GivenInputs {
  /** Its name in the account. */
  readonly workflow: string;
  /** Lowest first. */
  readonly layers: readonly InputLayer[];
  /** The name of inputs saved with the workflow, which stand below all layers. */
  readonly preset: string | null;
}

/** A run as somebody asks for it. */
export interface RunSpec extends GivenInputs {
  /** What the run is called on the platform; `null` for the name of the workflow. */
  readonly displayName: string | null;
  /** Grants what the workflow asks consent for. */
  readonly isTrusted: boolean;
  /** How strictly the inputs are held to what the workflow asks for. */
  readonly checking: Checking;
}

/** A wish that nothing speaks against. */
export interface PreparedRun {
  /** Frozen: nothing about it is looked up again. */
  readonly request: RunRequest;
  /** What is odd about the inputs, but no reason to refuse them. */
  readonly warnings: readonly Problem[];
}

/** The workflow, what it asks for, and what it is given. */
export interface Gathered {
  readonly workflow: Workflow;
  /** `null` when it can't be known what the workflow asks for. */
  readonly form: Form | null;
  readonly resolved: ResolvedInputs;
}

/**
 * Resolves the workflow, merges and checks the inputs and freezes the request. Only reads are sent.
 *
 * @throws NotFound when there is no such workflow or preset; InvalidInputs with every problem at once.
 */
export async function prepare(
  deps: Pick<Deps, "client">,
  spec: RunSpec,
  options: { readonly signal: AbortSignal },
): Promise<PreparedRun> {
  const { workflow, form, resolved } = await gather(deps, spec, options);
  const warnings = await check(workflow, form, resolved, spec.checking);
  const request: RunRequest = {
    workflow: workflow.name,
    workflowId: workflow.id,
    inputs: frozen(resolved.value),
    secretPaths: findSecrets(resolved.value, { form, asked: resolved.secretPaths }),
    displayName: spec.displayName,
    requestedConsent: consentOf(workflow),
    isTrusted: spec.isTrusted,
    startsSession: Object.keys(objectAt(workflow.yaml, "sessions")).length > 0,
  };
  return { request, warnings };
}

/**
 * Resolves the workflow and merges the inputs, with the types that the workflow declares.
 *
 * @throws NotFound when there is no such workflow or preset; InvalidInputs for what can't be merged.
 */
export async function gather(
  deps: Pick<Deps, "client">,
  given: GivenInputs,
  { signal }: { readonly signal: AbortSignal },
): Promise<Gathered> {
  const workflow = await findWorkflow(deps, given.workflow, signal);
  const layers = given.preset === null ? given.layers : [presetOf(workflow, given.preset), ...given.layers];
  const form = readForm(workflow.yaml);
  return { workflow, form, resolved: mergeLayers(layers, declaredTypes(form)) };
}

/**
 * Lets the platform check a request without running it.
 *
 * @throws Rejected with what it found; what else the client throws.
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

/** The workflow of this name, or an error that names the one that may have been meant. */
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
    throw new NotFound(`Cannot find the workflow "${name}": your account has none of that name`, {
      hint: didYouMean(name, names) ?? "`pw-workflow-runner list` shows the workflows there are",
      cause: error,
    });
  }
}

async function check(
  { name }: Workflow,
  form: Form | null,
  resolved: ResolvedInputs,
  checking: Checking,
): Promise<readonly Problem[]> {
  if (form === null || checking === "none") return [];
  const { problems, warnings } = await checkInputs(form, resolved, { isStrict: checking === "strict" });
  if (problems.length === 0) return warnings;
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  throw new InvalidInputs(`Cannot run ${name}: ${count} with its inputs, nothing was submitted`, problems, {
    hint: `\`pw-workflow-runner show ${name}\` tells what it asks for`,
  });
}

function presetOf(workflow: Workflow, name: string): InputLayer {
  const preset = workflow.presets.find((preset) => preset.name === name);
  if (preset !== undefined) return givenLayer(`preset ${name}`, preset.inputs);
  const names = workflow.presets.map((preset) => `"${preset.name}"`).join(", ");
  throw new NotFound(`Cannot find the preset "${name}" of ${workflow.name}`, {
    hint: names === "" ? "This workflow has no saved inputs" : `There are ${names}`,
  });
}

/** What the workflow file says that it wants to do in the user's name. */
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
