/** Where inputs come from: files, stdin and secrets for `-i`, and the user for what is missing. */

import { UsageError } from "../errors.ts";
import type { LayerSources } from "../inputs/layers.ts";
import type { PrepareOptions } from "../runs/prepare.ts";
import { type Context, Stopped } from "./context.ts";
import type { Output } from "./output.ts";

export function inputSources(context: Context): LayerSources {
  return {
    readTextFile: context.readTextFile,
    readStdin: () => context.stdin.readText(),
    promptSecret: (path) => {
      if (!context.stdin.isTerminal) {
        throw new UsageError(`Cannot prompt for ${path}: stdin is not a terminal`, {
          hint: `Put it in an input file, or use ${path}=@FILE`,
        });
      }
      return context.promptSecret(path);
    },
  };
}

/** Asks for required inputs without a value; `undefined` without a terminal, or where a program reads the output. */
export function askForMissing({ context, output, values }: {
  readonly context: Context;
  readonly output: Output;
  readonly values: { readonly noInput?: boolean | undefined };
}): PrepareOptions["ask"] {
  const isTerminal = context.stdin.isTerminal && context.stderr.isTerminal;
  if (values.noInput === true || !isTerminal || output.mode !== "text") return undefined;
  return async ({ form, inputs, paths, clusters }) => {
    const [{ clackPrompter }, { promptForFields }, { PromptCancelled }] = await Promise.all([
      import("../prompts/clack_prompter.ts"),
      import("../prompts/fill.ts"),
      import("../prompts/prompter.ts"),
    ]);
    const prompter = await clackPrompter({ mayColor: (context.env("NO_COLOR") ?? "") === "" });
    try {
      return await promptForFields(prompter, form, inputs, { clusters, only: paths });
    } catch (error) {
      throw error instanceof PromptCancelled ? new Stopped("SIGINT") : error;
    }
  };
}
