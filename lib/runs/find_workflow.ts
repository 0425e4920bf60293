import { didYouMean } from "../did_you_mean.ts";
import { NotFound } from "../errors.ts";
import type { Abortable, Client } from "../platform/client.ts";
import type { Workflow } from "../workflow.ts";
import type { Deps } from "./deps.ts";

/** @throws NotFound with a suggestion when no workflow has this name. */
export async function findWorkflow(
  { client }: Pick<Deps, "client">,
  name: string,
  options: Abortable,
): Promise<Workflow> {
  try {
    return await client.getWorkflow(name, options);
  } catch (error) {
    if (!(error instanceof NotFound)) throw error;
    throw new NotFound(`Cannot find workflow "${name}": your account has no workflow with this name`, {
      hint: await hintForWorkflow(client, name, options),
      cause: error,
    });
  }
}

/** What to do if no workflow has this name. */
export async function hintForWorkflow(client: Client, name: string, options: Abortable): Promise<string> {
  const names = (await client.listWorkflows(options)).map((workflow) => workflow.name);
  return hintForPath(name) ?? didYouMean(name, names) ?? "`pw-workflow-runner list` lists your workflows";
}

/** What to do if a workflow was specified as `pw` accepts it: as a file, or as an item of the marketplace. */
function hintForPath(name: string): string | undefined {
  if (/\.json$/i.test(name)) return `Specify the workflow by its name, and the input file with -i`;
  if (/\.ya?ml$/i.test(name) || /^(\.{0,2}|~)[/\\]/.test(name)) {
    return "Runs start from workflows of your account: create one from the file in the web interface or with " +
      `\`pw workflows create NAME --yaml FILE\`, then run it by its name. Input files are specified with -i`;
  }
  if (/^(marketplace|github)[/.]/.test(name)) {
    return "Runs start from workflows of your account: add this one to your account in the web interface, then run it " +
      "by its name";
  }
  return undefined;
}
