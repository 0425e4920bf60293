/** Where `-i` reads files, stdin and secrets from. */

import { UsageError } from "../errors.ts";
import type { LayerSources } from "../inputs/layers.ts";
import type { Context } from "./context.ts";

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
