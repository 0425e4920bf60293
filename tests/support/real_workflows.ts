/** Workflow files as they occur: small ones of this repository, and public ones, where they are present. */

const FIXTURES = new URL("../fixtures/workflows/", import.meta.url);
/** Beside the checkout, where it exists. */
export const REAL = new URL("../../../shared/real-workflows/", import.meta.url);

export interface WorkflowTexts {
  /** YAML text by workflow name. */
  readonly texts: Readonly<Record<string, string>>;
  /** `undefined` when nothing is missing. */
  readonly missing: string | undefined;
}

export const fixtureWorkflows = (): Promise<WorkflowTexts> => readFolder(FIXTURES);
/** Public workflow files, reduced to their structure. */
export const realWorkflows = (): Promise<WorkflowTexts> => readFolder(REAL);

async function readFolder(folder: URL): Promise<WorkflowTexts> {
  try {
    const names = (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).filter((name) =>
      /\.ya?ml$/.test(name)
    );
    const entries = names.sort().map(async (name) =>
      [name.replace(/\.ya?ml$/, ""), await Deno.readTextFile(new URL(name, folder))] as const
    );
    return { texts: Object.fromEntries(await Promise.all(entries)), missing: undefined };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return { texts: {}, missing: `no folder ${folder.pathname.split("/").slice(-3, -1).join("/")}` };
  }
}
