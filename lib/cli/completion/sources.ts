/** Loads completion data from the platform (cached), the credentials file and the working folder. */

import { type Cluster, isUsableCluster } from "../../cluster.ts";
import { type Field, fieldsInside, type FormFields, hasClusterFields } from "../../inputs/form.ts";
import { joinPath } from "../../json.ts";
import type { Abortable, Client } from "../../platform/client.ts";
import { findCredential } from "../../platform/credentials/credentials.ts";
import { searchCredentialsFile } from "../../platform/credentials/credentials_file.ts";
import { counted } from "../../text.ts";
import type { Invocation } from "../command.ts";
import type { Context } from "../context.ts";
import { runStoreName, userFolder } from "../state_path.ts";
import { type CachedRows, openCache } from "./cache.ts";

/** The longest acceptable delay after a press of Tab. */
export const TIMEOUT_MS = 1_500;
const MAX_RUNS = 50;
const MAX_FILES = 2_000;

/** Every method may fail. */
export type CompletionSources = Readonly<ReturnType<typeof completionSources>>;

/**
 * Sends no request until a method is called.
 *
 * @param values Of the typed line.
 */
export function completionSources(context: Context, values: Invocation["values"]) {
  /** @param name Of its entry in the cache. */
  const query = async (name: string, load: (client: Client, options: Abortable) => Promise<CachedRows>) => {
    const { clock, env, os, random, fetch, readTextFile, dotenvKey, mayRead } = context;
    // --allow-host is ignored: sending the key to another host takes a line that the user has submitted with Enter.
    const own = { context: values.context };
    const credential = await findCredential({ env, readTextFile, dotenvKey, mayRead, clock }, own);
    const cache = await openCache({ folder: userFolder(env, os, "cache"), credential, nowMs: clock.now(), random });
    const cached = cache.get(name);
    if (cached !== undefined) return cached;
    using deadline = clock.timeout(TIMEOUT_MS);
    const [{ createClient }, { readCaCertOption }] = await Promise.all([
      import("../../platform/create_client.ts"),
      import("../open_client.ts"),
    ]);
    const caCerts = await readCaCertOption(context, values);
    const client = createClient({ credential, fetch, clock, random, log: () => {}, caCerts });
    const rows = await load(client, { signal: deadline.signal, retry: "none" });
    await cache.put(name, rows);
    return rows;
  };
  const details = (workflow: string) =>
    query(`workflow ${workflow}`, (client, options) => loadDetails(client, workflow, options));
  return {
    async workflows() {
      const rows = await query("workflows", async (client, options) => {
        const workflows = await client.listWorkflows(options);
        return workflows.map(({ name, displayName, description }) => [name, displayName ?? description ?? ""]);
      });
      return rows.map(([name = "", description = ""]) => ({ name, description })).sort(byName);
    },
    async presets(workflow: string) {
      const rows = await details(workflow);
      return rows.flatMap(([kind, name = ""]) => kind === "preset" ? [{ name, description: "" }] : []);
    },
    /** The fields of a list appear once, for its first row, like `rows[0].name`. */
    async inputs(workflow: string) {
      const rows = await details(workflow);
      return rows.flatMap(([kind, path = "", description = "", ...values]) =>
        kind === "input" ? [{ path, description, values }] : []
      );
    },
    /** Newest first. */
    async runs() {
      const rows = await query("runs", async (client, options) => {
        const { runs } = await client.listRuns({ ...options, limit: MAX_RUNS });
        return runs.map(({ slug, workflowName, number, status }) => {
          const numbered = `${workflowName ?? ""}#${number ?? ""}`;
          return [slug ?? numbered, numbered, status];
        });
      });
      return rows.map(([name = "", numbered = "", status = ""]) => ({ name, numbered, status }));
    },
    async contexts() {
      const { file } = await searchCredentialsFile(context);
      return file?.identities.map(({ name }) => name) ?? [];
    },
    async batches() {
      const { clock, random } = context;
      const name = runStoreName(context);
      const [{ isStoreMissing, openKv }, { createRunStore }] = await Promise.all([
        import("../../store/open_kv.ts"),
        import("../../store/run_store.ts"),
      ]);
      if (isStoreMissing(name)) return [];
      using deadline = clock.timeout(TIMEOUT_MS);
      const options = { clock, random, maxAttempts: 1, onSetAside: null, signal: deadline.signal };
      await using store = createRunStore(openKv(name, options));
      const batches = await store.batches.list();
      return batches.map(({ name, rowCount }) => ({ name, description: counted(rowCount, "row") }));
    },
    files: listFolder,
  };
}

/** Of presets the names only: their inputs may be secret. */
async function loadDetails(client: Client, name: string, options: Abortable): Promise<CachedRows> {
  const [{ yaml, presets }, { readForm }] = await Promise.all([
    client.getWorkflow(name, options),
    import("../../inputs/read_form.ts"),
  ]);
  const form = readForm(yaml);
  const clusters = form !== null && hasClusterFields(form) ? await client.listClusters(options).catch(() => []) : [];
  return [...presets.map(({ name }) => ["preset", name]), ...inputRows(form?.fields ?? new Map(), clusters)];
}

/** The fields that take a value and are not always hidden, in the form's order; for a list, the fields of its first row. */
function inputRows(fields: FormFields, clusters: readonly Cluster[], under = ""): CachedRows {
  return [...fields].flatMap(([name, field]) => {
    const path = joinPath(under, name);
    if (field.hidden === true || field.ignore === true || field.kind === "header") return [];
    if (field.kind === "group") return inputRows(field.fields, clusters, path);
    const rowFields = field.kind === "list" ? fieldsInside(field) : undefined;
    if (rowFields !== undefined) return inputRows(rowFields, clusters, joinPath(path, 0));
    return [["input", path, field.label ?? field.tooltip ?? field.type, ...valuesOf(field, clusters)]];
  });
}

/** Those that the form lists. */
function valuesOf(field: Field, clusters: readonly Cluster[]): readonly string[] {
  const { prompt } = field;
  if (field.kind === "cluster") {
    return clusters.filter((cluster) => isUsableCluster(cluster, field.providers)).map(({ name }) => name);
  }
  if (prompt.type === "confirm") return ["true", "false"];
  return prompt.type === "choice" ? prompt.options.map(({ value }) => String(value)) : [];
}

/** @param folder As typed, with its trailing slash; empty for the working folder. */
async function listFolder(folder: string) {
  const entries: { readonly name: string; readonly isDirectory: boolean }[] = [];
  for await (const entry of Deno.readDir(folder === "" ? "." : folder)) {
    // A link may be broken.
    const target = entry.isSymlink ? await Deno.stat(`${folder}${entry.name}`).catch(() => entry) : entry;
    entries.push({ name: entry.name, isDirectory: target.isDirectory });
    if (entries.length === MAX_FILES) break;
  }
  return entries.sort(byName);
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
