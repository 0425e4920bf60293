/** Why this file: a credential or a password must not reach a log, a report or the ledger by accident. */

/** A value that can be used but not printed: only {@link Secret.reveal} hands it out, so a search finds every use. */
export class Secret {
  readonly #value: string;

  /** Takes what is not to be seen. */
  constructor(value: string) {
    this.#value = value;
  }

  /** The secret itself: a search for this finds every use. */
  reveal(): string {
    return this.#value;
  }

  /** Never the secret. */
  toString(): string {
    return "***";
  }

  /** Never the secret. */
  toJSON(): string {
    return "***";
  }

  /** Never the secret. */
  [Symbol.for("Deno.customInspect")](): string {
    return "***";
  }

  /** Never the secret. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return "***";
  }
}
