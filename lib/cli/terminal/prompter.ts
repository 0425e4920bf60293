import { clackPrompter } from "../../prompts/clack_prompter.ts";
import type { Prompter } from "../../prompts/prompter.ts";
import type { Context } from "../context.ts";
import type { Output } from "../output.ts";
import { fitToWidth } from "./text_width.ts";
import { wrapLines } from "./wrap.ts";

/**
 * Prompts on stderr, whose text fits the width of the terminal.
 *
 * @param signal As for {@link clackPrompter}.
 */
export async function openPrompter(
  { context: { stderr }, output, signal }: {
    readonly context: Context;
    readonly output: Output;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Prompter> {
  return await clackPrompter({
    mayColor: output.mayColorPrompts,
    signal,
    wrap: (text, indent) => wrapLines(text, stderr.columns() - indent),
    fit: (text, indent) => fitToWidth(text, stderr.columns() - indent),
  });
}
