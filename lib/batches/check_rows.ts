/** Checks every row of a batch before the first is sent. */

import { counted, sha256 } from "../text.ts";
import { InvalidInputs } from "../errors.ts";
import { redactedValues, withoutSecrets } from "../inputs/secrets.ts";
import { canonicalJson } from "../json.ts";
import type { BatchRow } from "../batch.ts";
import type { Client } from "../platform/client.ts";
import type { Problem } from "../problem.ts";
import type { Deps } from "../runs/deps.ts";
import { prepare, type PreparedRun, type RunSpec } from "../runs/prepare.ts";
import type { StoredRow } from "../store/batch_store.ts";
import { problemsOfRows, type ReadRow } from "./read_rows.ts";

/** What is known of a row once it has been checked. */
export interface CheckedRow extends ReadRow, Pick<StoredRow, "key" | "contentHash" | "inputs"> {
  /** Of the workflow file. */
  readonly workflowHash: string;
  /** Where it runs; `null` if its form has no cluster. */
  readonly cluster: string | null;
  /** Such as an input that its form does not have. */
  readonly warnings: readonly Problem[];
  /** Values that are never shown. */
  readonly secrets: readonly string[];
}

/** How the rows are checked. */
export interface CheckOptions extends Pick<RunSpec, "checking" | "isTrusted" | "sendsDefaults"> {
  readonly signal: AbortSignal;
}

/** Reads each workflow and the list of clusters once. */
export function cachingClient(client: Client): Client {
  const workflows = new Map<string, ReturnType<Client["getWorkflow"]>>();
  let clusters: ReturnType<Client["listClusters"]> | undefined;
  return {
    ...client,
    getWorkflow(name, options) {
      const found = workflows.get(name) ?? client.getWorkflow(name, options);
      workflows.set(name, found);
      return found;
    },
    listClusters: (options) => clusters ??= client.listClusters(options),
  };
}

/** The request of a row. Its inputs are merged again, so that thousands of them are not kept. */
export async function prepareRow(
  deps: Pick<Deps, "client">,
  { workflow, layers, displayName, label }: Pick<ReadRow, "workflow" | "layers" | "displayName" | "label">,
  options: CheckOptions,
): Promise<PreparedRun> {
  const spec = { workflow, layers, preset: null, displayName: displayName ?? label, ...options };
  return await prepare(deps, spec, options);
}

/**
 * Merges and checks the inputs of every row.
 *
 * @param deps With a {@link cachingClient}.
 * @throws InvalidInputs with the problems of all rows.
 */
export async function checkRows(
  deps: Pick<Deps, "client">,
  name: string,
  rows: readonly ReadRow[],
  options: CheckOptions,
): Promise<readonly CheckedRow[]> {
  const keys = await rowKeys({ name, rows });
  const workflowHashes = new Map<string, Promise<string>>();
  const workflowHashOf = (workflow: string) => {
    const hash = workflowHashes.get(workflow) ??
      deps.client.getWorkflow(workflow, options).then(({ yaml }) => hashOf(canonicalJson(yaml)));
    workflowHashes.set(workflow, hash);
    return hash;
  };
  const checked: CheckedRow[] = [];
  const failed: ({ readonly row: ReadRow } & Pick<InvalidInputs, "problems" | "warnings">)[] = [];
  for (const [index, row] of rows.entries()) {
    try {
      const { request, clusterNames, warnings } = await prepareRow(deps, row, options);
      const [cluster = null] = clusterNames();
      checked.push({
        ...row,
        key: keys[index] ?? "",
        contentHash: await hashOf(contentOf(row)),
        workflowHash: await workflowHashOf(row.workflow),
        inputs: withoutSecrets(row.inputs, request.secretPaths),
        cluster,
        warnings,
        secrets: redactedValues(request),
      });
    } catch (error) {
      if (!(error instanceof InvalidInputs)) throw error;
      failed.push({ row, problems: error.problems, warnings: error.warnings });
    }
  }
  if (failed.length === 0) return checked;
  const problems = problemsOfRows(failed);
  const count = `${counted(problems.length, "problem")} in ${counted(failed.length, "row")}`;
  const warnings = distinctWarnings([...checked, ...failed], "row");
  throw new InvalidInputs(`Cannot run ${name}: ${count}, nothing was submitted`, problems, { warnings });
}

/**
 * What identifies each row of a batch: the batch's name, the workflow, the inputs as given, and, among equal rows, which
 * one it is. The order of rows does not matter, nor do labels, tags and the rows around it.
 *
 * @returns Hex digits, in the order of the rows.
 */
export async function rowKeys(
  { name, rows }: { readonly name: string; readonly rows: readonly Pick<BatchRow, "workflow" | "inputs">[] },
): Promise<readonly string[]> {
  const seen = new Map<string, number>();
  const contents = rows.map((row) => {
    const content = contentOf(row);
    const occurrence = (seen.get(content) ?? 0) + 1;
    seen.set(content, occurrence);
    return canonicalJson([name, content, occurrence]);
  });
  return await Promise.all(contents.map(hashOf));
}

/** Equal rows have equal contents. */
function contentOf({ workflow, inputs }: Pick<BatchRow, "workflow" | "inputs">): string {
  return canonicalJson([workflow, inputs]);
}

/** The warnings of all rows or cases, each once, with the number of those that have it. */
export function distinctWarnings(rows: readonly Pick<CheckedRow, "warnings">[], noun: string): readonly Problem[] {
  const all = Map.groupBy(rows.flatMap(({ warnings }) => warnings), ({ path, message }) => `${path} ${message}`);
  return [...all.values()].flatMap(([first, ...others]) =>
    first === undefined ? [] : [{ ...first, message: `${first.message} (${counted(others.length + 1, noun)})` }]
  );
}

/** Its length suffices for the rows of one batch, and keeps index rows short. */
export async function hashOf(text: string): Promise<string> {
  return (await sha256(text)).slice(0, 20);
}
