/** How a conversation asks. What is asked is decided elsewhere; the one who asks knows only how. */

export interface Choice<Value> {
  readonly value: Value;
  readonly label: string;
  /** Shown beside the label. */
  readonly hint?: string;
}

/** Says what is wrong with an answer; `undefined` when nothing is. */
export type Validate = (answer: string) => string | undefined;

export interface TextOptions {
  /** Stands there to be edited. */
  readonly initial?: string;
  /** Shown while nothing is typed. */
  readonly placeholder?: string;
  readonly validate?: Validate;
}

/** Every method throws {@link Cancelled} when the person leaves. */
export interface Prompter {
  /** Arrows, a number, or letters of the label choose. */
  choose<Value>(
    message: string,
    choices: readonly Choice<Value>[],
    options?: { readonly initial?: Value },
  ): Promise<Value>;
  chooseMany<Value>(
    message: string,
    choices: readonly Choice<Value>[],
    options: { readonly initial: readonly Value[]; readonly isRequired: boolean },
  ): Promise<readonly Value[]>;
  text(message: string, options?: TextOptions): Promise<string>;
  multiline(message: string, options?: TextOptions): Promise<string>;
  secret(message: string, options?: Pick<TextOptions, "validate">): Promise<string>;
  confirm(message: string, options: { readonly initial: boolean }): Promise<boolean>;
  /** A file's path, completed while it is typed. */
  file(message: string, options: Pick<TextOptions, "initial" | "validate">): Promise<string>;
  /** Says something aside. */
  say(text: string): void;
}

/** The person left the conversation: nothing more is asked, and nothing is sent. */
export class Cancelled extends Error {
  override readonly name = "Cancelled";
}
