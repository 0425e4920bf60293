/** Current routes of runs, which are identified by slug. */

import {
  hasSimulatedRunEnded,
  readLogFile,
  runDetailJson,
  runningSteps,
  simulatedRunJson,
  simulatedStatusOf,
  submitResponse,
} from "../progress.ts";
import { checkBody, type FieldError, fieldsOf, HttpError, invalidRequest, queryError } from "../responses.ts";
import { acceptSlug, findRunWithSlug, prepareSimulatedRun, type RunInput, storeSimulatedRun } from "../run_input.ts";
import { objectOf, stringsOf, textOf } from "../shape.ts";
import type { SimulatedRun, SimulatorState } from "../state.ts";
import { route, type RouteContext } from "./route.ts";

export const RUN_ROUTES = [
  route("GET /api/workflow-runs", "list-runs", ({ state, user, query, nowMs }) => {
    const statuses = query.getAll("status");
    const errors = statusErrors(statuses, ["running", ...ENDED]);
    const integer = (name: string, min: number, defaultValue: number) => {
      const text = query.get(name) ?? String(defaultValue);
      const isValid = /^\d+$/.test(text) && Number(text) >= min;
      if (!isValid) errors.push(queryError(name, "minimum", `expected an integer >= ${min}: got ${text}`));
      return Number(text);
    };
    const limit = integer("limit", 1, DEFAULT_LIMIT);
    const offset = integer("offset", 0, 0);
    if (errors.length > 0) throw invalidRequest(errors);

    const { listLagMs, listOrder, maxLimit } = state.behavior();
    const workflow = query.get("workflow");
    const search = query.get("search")?.toLowerCase() ?? "";
    const matching = state.runs.filter((run) =>
      run.user === user && !run.isDeleted && nowMs - run.createdAtMs >= listLagMs &&
      (workflow === null || run.workflow === workflow) &&
      (statuses.length === 0 || statuses.includes(simulatedStatusOf(run, nowMs))) &&
      [run.slug, run.displayName ?? "", run.workflow ?? ""].some((text) => text.toLowerCase().includes(search))
    );
    const ordered = listOrder === "newest" ? matching.toReversed() : matching;
    const page = ordered.slice(offset, offset + Math.min(limit, maxLimit));
    return {
      runs: page.length === 0 ? null : page.map((run) => simulatedRunJson(state, run, nowMs)),
      total: matching.length,
    };
  }),
  route("POST /api/workflow-runs", "submit", ({ state, user, body, nowMs }) => {
    const fields = checkBody(body, SUBMIT_FIELDS);
    const sources = ["workflow", "yaml", "marketplace", "repository"].filter((name) => fields[name] !== undefined);
    if (sources.length !== 1) {
      const detail = "expected exactly one of workflow, yaml, marketplace, repository";
      throw invalidRequest([{ code: "one_source", detail, pointer: "#" }]);
    }
    if (sources[0] === "repository") {
      throw new HttpError(404, `No workflow at ${fields["repository"]}`, { code: "workflow_not_found" });
    }
    const slug = acceptSlug(state, textOf(fields["slug"]));
    const input: RunInput = {
      user,
      workflow: textOf(fields["workflow"]) ?? marketplaceName(state, user, textOf(fields["marketplace"])),
      yaml: textOf(fields["yaml"]),
      inputs: objectOf(fields["inputs"]),
      displayName: textOf(fields["displayName"]),
      slug,
      sessionNames: objectOf(fields["sessionNames"]),
      isUntrusted: fields["untrusted"] === true,
      consent: fields["autoApproveConsent"] === true ? "all" : {
        permissions: stringsOf(fields["consentPermissions"]),
        variables: stringsOf(fields["consentVariables"]),
      },
    };
    const run = prepareSimulatedRun(state, input);
    if (fields["dryRun"] === true) return { run: dryRunJson(state, run, nowMs) };
    const existing = slug === undefined ? null : findRunWithSlug(state, user, slug);
    if (existing === null) {
      storeSimulatedRun(state, run);
      const { workflow, consent } = input;
      const isGiven = consent !== "all" && consent.permissions.length + consent.variables.length > 0;
      // Consent given by name is stored for later submits.
      if (workflow !== undefined && isGiven) state.grants.set(`${user} ${workflow}`, consent);
    }
    const returned = existing ?? run;
    return submitResponse(simulatedRunJson(state, returned, nowMs), returned.sessions);
  }),
  // Deletes several runs, by slug or id, by age or by status.
  route("DELETE /api/workflow-runs", "delete-runs", ({ state, user, query, nowMs }) => {
    const slugs = listOf(query, "slugs");
    const ids = listOf(query, "ids");
    const statuses = listOf(query, "status");
    const days = query.get("olderThanDays");
    if (slugs.length + ids.length + statuses.length === 0 && days === null) {
      throw new HttpError(400, "Specify slugs, ids, olderThanDays or status");
    }
    const [statusError] = statusErrors(statuses, ENDED);
    if (statusError !== undefined) throw invalidRequest([statusError]);
    if (days !== null && !/^\d+$/.test(days)) {
      throw invalidRequest([queryError("olderThanDays", "minimum", `expected an integer: got ${days}`)]);
    }
    for (const run of state.runs.filter((run) => run.user === user)) {
      const isNamed = slugs.includes(run.slug) || ids.includes(run.id);
      const isSelected = (statuses.length > 0 || days !== null) && hasSimulatedRunEnded(run, nowMs) &&
        (statuses.length === 0 || statuses.includes(simulatedStatusOf(run, nowMs))) &&
        (days === null || nowMs - run.createdAtMs >= Number(days) * DAY_MS);
      if (isNamed || isSelected) run.isDeleted = true;
    }
  }),
  route("GET /api/workflow-runs/:slug", "get-run", (context) => {
    return runDetailJson(context.state, runOf(context), context.nowMs);
  }),
  route("PATCH /api/workflow-runs/:slug", "update-run", (context) => {
    const run = runOf(context);
    const fields = checkBody(context.body, UPDATE_FIELDS);
    if (fields["status"] === "canceling") requestSimulatedCancel(run, context.nowMs);
    if (fields["status"] === "error" && !hasSimulatedRunEnded(run, context.nowMs)) run.failedAtMs = context.nowMs;
    run.displayName = textOf(fields["displayName"]) ?? run.displayName;
    run.statusReason = textOf(fields["statusReason"]) ?? run.statusReason;
    return runDetailJson(context.state, run, context.nowMs);
  }),
  route("DELETE /api/workflow-runs/:slug", "delete-run", (context) => void (runOf(context).isDeleted = true)),
  route("POST /api/workflow-runs/:slug/cancel", "cancel-run", (context) => {
    const run = runOf(context);
    if (hasSimulatedRunEnded(run, context.nowMs) && context.state.behavior().cancelOfEnded === 409) {
      throw new HttpError(409, `Workflow run ${run.slug} has already ended`);
    }
    requestSimulatedCancel(run, context.nowMs);
  }),
  route("GET /api/workflow-runs/:slug/files", "read-file", (context) => {
    const run = runOf(context);
    const path = context.query.get("file");
    if (path === null || path === "") {
      throw invalidRequest([queryError("file", "required", "required query parameter is missing")]);
    }
    const text = readLogFile(context.state, run, path, context.nowMs);
    if (text === null) throw new HttpError(404, `File ${path} not found`, { code: "file_not_found" });
    return text;
  }),
  route("GET /api/workflow-runs/:slug/running-steps", "running-steps", (context) => {
    const steps = runningSteps(runOf(context), context.nowMs);
    return { runningSteps: steps.length === 0 ? null : steps };
  }),
].map((one) => ({ ...one, apiVersion: "current" } as const));

/** Starts canceling a run. No effect if it has ended or is being canceled. */
export function requestSimulatedCancel(run: SimulatedRun, nowMs: number): void {
  if (!hasSimulatedRunEnded(run, nowMs)) run.cancelRequestedAtMs ??= nowMs;
}

const SUBMIT_FIELDS = {
  ...fieldsOf({ type: "string" }, ["workflow", "yaml", "marketplace", "repository", "displayName", "slug"]),
  ...fieldsOf({ type: "boolean" }, ["dryRun", "autoApproveConsent", "untrusted"]),
  ...fieldsOf({ type: "array of strings" }, ["consentPermissions", "consentVariables"]),
  inputs: { type: "object" },
  sessionNames: { type: "object of strings" },
} as const;

/** The workflow of a marketplace item: `openvscode` is `marketplace.openvscode.latest`, or another version. */
function marketplaceName({ workflows }: SimulatorState, user: string, item: string | undefined): string | undefined {
  if (item === undefined) return undefined;
  const name = `marketplace.${item.replaceAll("/", ".")}`;
  return [...workflows.get(user)?.keys() ?? []].find((other) => other === name || other.startsWith(`${name}.`)) ?? name;
}

function dryRunJson(state: SimulatorState, run: SimulatedRun, nowMs: number) {
  const { status, slug, ...rest } = simulatedRunJson(state, run, nowMs);
  const { dryRun } = state.behavior();
  return { ...rest, ...(dryRun !== "run-without-status" && { status }), ...(dryRun !== "no-slug" && { slug }) };
}

function runOf({ state, user, params, nowMs }: RouteContext): SimulatedRun {
  const { idInPath, readLagMs, foreignRun } = state.behavior();
  const slug = params["slug"];
  const matching = state.runs.filter((run) =>
    !run.isDeleted && (run.slug === slug || (idInPath && run.id === slug)) && nowMs - run.createdAtMs >= readLagMs
  );
  const own = matching.findLast((run) => run.user === user);
  if (own !== undefined) return own;
  const foreign = matching.at(-1);
  if (foreign !== undefined && foreignRun === 200) return foreign;
  if (foreign !== undefined && foreignRun === 403) throw new HttpError(403, "Access to this run is denied");
  throw new HttpError(404, `Workflow run ${slug} not found`, { code: "workflow_run_not_found" });
}

const UPDATE_FIELDS = {
  displayName: { type: "string", maxLength: 255 },
  status: { type: "string", oneOf: ["canceling", "error"] },
  statusReason: { type: "string", maxLength: 100 },
} as const;

const ENDED = ["completed", "error", "canceled"];
const DEFAULT_LIMIT = 50;

function statusErrors(statuses: readonly string[], known: readonly string[]): FieldError[] {
  return statuses.filter((status) => !known.includes(status)).map((status) =>
    queryError("status", "enum", `expected one of ${known.join(", ")}: got ${status}`)
  );
}

const DAY_MS = 24 * 60 * 60 * 1_000;

/** Values of a query parameter: comma-separated, repeated, or both. */
function listOf(query: URLSearchParams, name: string): string[] {
  return query.getAll(name).flatMap((text) => text.split(",")).filter((value) => value !== "");
}
