/** Yes-or-no questions of commands. */

import { UsageError } from "../errors.ts";
import type { Context } from "./context.ts";
import type { Output } from "./output.ts";
import { isDumb } from "./terminal/style.ts";

interface ConfirmDeps {
  readonly context: Pick<Context, "stdin" | "stderr" | "readLine" | "promptYesNo" | "env">;
  readonly output: Pick<Output, "log">;
}

/** Whether a question can be asked and answered. */
export function canAsk({ stdin, stderr }: ConfirmDeps["context"]): boolean {
  return stdin.isTerminal && stderr.isTerminal;
}

/** Whether a prompt can be drawn too, which is rewritten in place. */
export function canPrompt(context: ConfirmDeps["context"]): boolean {
  return canAsk(context) && !isDumb(context.env);
}

/** Asks at the terminal. The default is no. */
export async function askYesNo({ context, output }: ConfirmDeps, question: string): Promise<boolean> {
  if (context.promptYesNo !== undefined && !isDumb(context.env)) return await context.promptYesNo(question);
  output.log("WARNING", `${question} [y/N]`);
  return /^y(es)?$/i.test((await context.readLine())?.trim() ?? "");
}

/**
 * Returns if the user agrees.
 *
 * @throws UsageError without a yes, and without a terminal to ask at.
 */
export async function confirm(
  deps: ConfirmDeps,
  { isConfirmed, action, question, refused }: {
    /** `--yes` was given. */
    readonly isConfirmed: boolean;
    /** Completes "Cannot … needs a confirmation". */
    readonly action: string;
    readonly question: string;
    /** What did not happen, such as `nothing was started`. */
    readonly refused: string;
  },
): Promise<void> {
  if (isConfirmed) return;
  if (!canAsk(deps.context)) {
    throw new UsageError(`Cannot ${action} needs a confirmation, and there is no terminal`, {
      hint: "Use --yes to continue without a confirmation",
    });
  }
  if (!await askYesNo(deps, question)) throw new UsageError(`Cancelled: ${refused}`);
}
