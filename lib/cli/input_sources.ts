/** Where `-i` takes files, stdin and secrets from. */

import { UsageError } from "../errors.ts";
import type { LayerSources } from "../inputs/layers.ts";
import type { Context } from "./context.ts";

export function inputSources(context: Context): LayerSources {
  return {
    readTextFile: context.readTextFile,
    readStdin: () => context.stdin.readText(),
    askSecret: (path) => {
      if (!context.stdin.isTerminal) {
        throw new UsageError(`Cannot ask for ${path}: there is no terminal to ask on`, {
          hint: `Give it in a file, or with ${path}=@FILE`,
        });
      }
      return context.askSecret(path);
    },
  };
}
