/** From what is wished to what will be sent: everything is decided here, before anything is sent. */

import { didYouMean } from "../did_you_mean.ts";
import { NotFound } from "../errors.ts";
import { givenLayer, type InputLayer } from "../inputs/layers.ts";
import { mergeLayers } from "../inputs/merge.ts";
import type { Consent, Json, JsonObject, RunRequest, Workflow } from "../model.ts";
import type { Deps } from "./deps.ts";

/** A run as somebody asks for it. */
export interface Wish {
  readonly workflow: string;
  /** Lowest first. */
  readonly layers: readonly InputLayer[];
  /** The name of inputs saved with the workflow, which stand below all layers. */
  readonly preset: string | null;
  readonly displayName: string | null;
  /** Grants what the workflow asks consent for. */
  readonly isTrusted: boolean;
}

/**
 * Resolves the workflow, merges the inputs and freezes the request. Only reads are sent.
 *
 * @throws NotFound when there is no such workflow or preset; InvalidInputs with every problem at once.
 */
export async function prepare(
  deps: Pick<Deps, "client">,
  wish: Wish,
  { signal }: { readonly signal: AbortSignal },
): Promise<RunRequest> {
  const workflow = await findWorkflow(deps, wish.workflow, signal);
  const layers = wish.preset === null ? wish.layers : [presetOf(workflow, wish.preset), ...wish.layers];
  const resolved = mergeLayers(layers);
  return {
    workflow: workflow.name,
    workflowId: workflow.id,
    inputs: frozen(resolved.value),
    hasSecrets: resolved.secretPaths.length > 0,
    displayName: wish.displayName,
    asksFor: consentOf(workflow),
    isTrusted: wish.isTrusted,
    startsSession: Object.keys(objectAt(workflow.yaml, "sessions")).length > 0,
  };
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
    consent: request.isTrusted ? request.asksFor ?? { permissions: [], variables: [] } : null,
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
