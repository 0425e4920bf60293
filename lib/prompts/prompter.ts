export interface PromptChoice<Value> {
  readonly value: Value;
  readonly label: string;
  readonly hint?: string;
}

/** Returns the error message; `undefined` when the answer is valid. */
export type PromptValidator = (answer: string) => string | undefined;

export interface TextPromptOptions {
  /** Prefilled text that the user can edit. */
  readonly initial?: string | undefined;
  /** Shown while the field is empty. */
  readonly placeholder?: string | undefined;
  /** The answer if the field stays empty; shown as its placeholder. */
  readonly fallback?: string | undefined;
  readonly validate?: PromptValidator | undefined;
}

/** Every prompt throws {@link PromptCancelled} when the user cancels it. */
export interface Prompter {
  /** Selected with the arrow keys, a number, or a part of the label. */
  choose<Value>(
    message: string,
    choices: readonly PromptChoice<Value>[],
    options?: { readonly initial?: Value | undefined },
  ): Promise<Value>;
  chooseMany<Value>(
    message: string,
    choices: readonly PromptChoice<Value>[],
    options: { readonly initial: readonly Value[]; readonly isRequired: boolean },
  ): Promise<readonly Value[]>;
  text(message: string, options?: TextPromptOptions): Promise<string>;
  multiline(message: string, options?: TextPromptOptions): Promise<string>;
  secret(message: string, options?: Pick<TextPromptOptions, "validate">): Promise<string>;
  confirm(message: string, options: { readonly initial: boolean }): Promise<boolean>;
  /** Asks for the path of an existing file, with completion. */
  file(message: string): Promise<string>;
  /** Prints a message between prompts. */
  note(message: string): void;
}

/** The user cancelled interactive mode: no further prompt, no further request. */
export class PromptCancelled extends Error {
  override readonly name = "Cancelled";
}
