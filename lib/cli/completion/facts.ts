/** What completion knows: from the platform, through the cache, from the credentials file and from the working folder. */

import type { Abortable, Client } from "../../platform/client.ts";
import { findCredential } from "../../platform/credentials/credentials.ts";
import { searchCredentialsFile } from "../../platform/credentials/credentials_file.ts";
import type { Context } from "../context.ts";
import { type Cache, cacheFolder, openCache, type Rows } from "./cache.ts";
import type { Facts, Named } from "./candidates.ts";

/** Longer nobody waits for a press of Tab. */
const PATIENCE_MS = 1_500;
const MAX_RUNS = 50;
const MAX_FILES = 2_000;

export interface FactsOptions {
  readonly commands: readonly Named[];
  /** What the command line says of the key and of whom to trust. */
  readonly context: string | undefined;
  readonly cacert: string | undefined;
}

/** Asks nothing yet. */
export function factsOf(context: Context, { commands, ...values }: FactsOptions): Facts {
  const ask = async (name: string, question: (client: Client, options: Abortable) => Promise<Rows>): Promise<Rows> =>
    await askThrough(context, values, { name, question });
  const details = (workflow: string) =>
    ask(`workflow ${workflow}`, (client, options) => detailsOf(client, workflow, options));
  return {
    commands: () => commands,
    async workflows() {
      const rows = await ask("workflows", async (client, options) => {
        const workflows = await client.listWorkflows(options);
        return workflows.map(({ name, displayName, description }) => [name, displayName ?? description ?? ""]);
      });
      return rows.map(([name = "", description = ""]) => ({ name, description })).sort(byName);
    },
    async presets(workflow) {
      const rows = await details(workflow);
      return rows.flatMap(([kind, name = ""]) => kind === "preset" ? [{ name, description: "" }] : []);
    },
    async inputs(workflow) {
      const rows = await details(workflow);
      return rows.flatMap(([kind, path = "", description = "", ...values]) =>
        kind === "input" ? [{ path, description, values }] : []
      );
    },
    async runs() {
      const rows = await ask("runs", async (client, options) => {
        const { runs } = await client.listRuns({ ...options, limit: MAX_RUNS });
        return runs.map(({ slug, workflowName, number, status }) => {
          const numbered = `${workflowName ?? ""}#${number ?? ""}`;
          return [slug ?? numbered, slug === null ? status : `${numbered} ${status}`, status];
        });
      });
      return rows.map(([name = "", description = "", status]) => ({
        name,
        description,
        isRunning: status === "running",
      }));
    },
    async contexts() {
      const { file } = await searchCredentialsFile(context);
      return file?.identities.map(({ name }) => name) ?? [];
    },
    files: listFolder,
  };
}

interface Asked {
  readonly name: string;
  readonly question: (client: Client, options: Abortable) => Promise<Rows>;
}

async function askThrough(
  context: Context,
  values: Pick<FactsOptions, "context" | "cacert">,
  { name, question }: Asked,
): Promise<Rows> {
  const { clock, env, os, random, fetch } = context;
  // --allow-host is left out: it is a word to be thought over, and Enter was not pressed yet.
  const credential = await findCredential(context, { context: values.context });
  const cache: Cache = await openCache({ folder: cacheFolder(env, os), credential, nowMs: clock.now(), random });
  const cached = cache.get(name);
  if (cached !== undefined) return cached;
  using deadline = clock.timeout(PATIENCE_MS);
  const [{ createClient }, { caCertsOf }] = await Promise.all([
    import("../../platform/create_client.ts"),
    import("../open.ts"),
  ]);
  const caCerts = await caCertsOf(context, values);
  const client = createClient({ credential, fetch, clock, random, log: () => {}, caCerts });
  const rows = await question(client, { signal: deadline.signal, retry: "none" });
  await cache.put(name, rows);
  return rows;
}

/** Names alone: what a preset holds may be secret. */
async function detailsOf(client: Client, name: string, options: Abortable): Promise<Rows> {
  const [{ yaml, presets }, { readForm }] = await Promise.all([
    client.getWorkflow(name, options),
    import("../../inputs/read_form.ts"),
  ]);
  const { inputsOf } = await import("./inputs_of.ts");
  const inputs = inputsOf(readForm(yaml)?.fields ?? new Map());
  return [
    ...presets.map(({ name }) => ["preset", name]),
    ...inputs.map(({ path, description, values }) => ["input", path, description, ...values]),
  ];
}

async function listFolder(folder: string) {
  const found: { readonly name: string; readonly isDirectory: boolean }[] = [];
  for await (const entry of Deno.readDir(folder === "" ? "." : folder)) {
    const isDirectory = entry.isDirectory || (entry.isSymlink && await isFolder(`${folder}${entry.name}`));
    found.push({ name: entry.name, isDirectory });
    if (found.length === MAX_FILES) break;
  }
  return found.sort(byName);
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch {
    return false; // it leads nowhere
  }
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
