import { clackPrompter } from "../../prompts/clack_prompter.ts";
import type { Prompter } from "../../prompts/prompter.ts";
import type { TextWriter } from "../context.ts";
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
