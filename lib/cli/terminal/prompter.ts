import { clackPrompter } from "../../prompts/clack_prompter.ts";
import { expected } from "../../errors.ts";
import { PromptCancelled, type Prompter } from "../../prompts/prompter.ts";
import type { Invocation } from "../command.ts";
import { Stopped, type TextWriter } from "../context.ts";
import { fitToWidth } from "./text_width.ts";
import { wrapLines } from "./wrap.ts";

/** Prompts on stderr, whose text fits the width of the terminal. The options are those of {@link clackPrompter}. */
export async function openPrompter(
  { columns }: Pick<TextWriter, "columns">,
  options: { readonly mayColor: boolean; readonly signal?: AbortSignal | undefined },
): Promise<Prompter> {
  return await clackPrompter({
    ...options,
    wrap: (text, indent) => wrapLines(text, columns() - indent),
    fit: (text, indent) => fitToWidth(text, columns() - indent),
  });
}

/**
 * Asks at the terminal.
 *
 * @throws Stopped, with what the cancel means, if the user cancels.
 */
export async function promptFor<Answer>(
  { context, output, signal }: Omit<Invocation, "values">,
  ask: (prompter: Prompter) => Promise<Answer>,
  cancelled: { readonly message: string; readonly hint: string },
): Promise<Answer> {
  const prompter = await openPrompter(context.stderr, { mayColor: output.mayColorPrompts, signal });
  const answer = await ask(prompter).catch(expected(PromptCancelled));
  if (answer instanceof PromptCancelled) throw new Stopped("SIGINT", { ...cancelled, submitted: "no" });
  return answer;
}
