/** Yes-or-no questions of commands. */

import { UsageError } from "../errors.ts";
import type { Invocation } from "./command.ts";
import type { Context } from "./context.ts";
import { isDumb } from "./terminal/style.ts";

type AskingCall = Pick<Invocation, "context" | "output">;

/** Whether a question can be asked and answered. */
export function canAsk({ stdin, stderr }: Context): boolean {
  return stdin.isTerminal && stderr.isTerminal;
}

/** Whether a prompt can be drawn too, which is rewritten in place. */
export function canPrompt(context: Context): boolean {
  return canAsk(context) && !isDumb(context.env);
}

/** Asks at the terminal. The default is no. */
export async function askYesNo({ context, output }: AskingCall, question: string): Promise<boolean> {
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
  call: AskingCall,
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
  if (!canAsk(call.context)) {
    throw new UsageError(`Cannot ${action} needs a confirmation, and there is no terminal`, {
      hint: "Use --yes to continue without a confirmation",
    });
  }
  if (!await askYesNo(call, question)) throw new UsageError(`Cancelled: ${refused}`);
}
