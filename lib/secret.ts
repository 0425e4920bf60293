/**
 * A credential or password that never reaches a log, a report or the run store by accident: printing, `JSON.stringify`
 * and `Deno.inspect` give `***`. Only {@link Secret.reveal} returns the value.
 */
export class Secret {
  readonly #value: string;

  /** Wraps the plain value. */
  constructor(value: string) {
    this.#value = value;
  }

  /** The plain value: searching for this method finds every use. */
  reveal(): string {
    return this.#value;
  }

  /** `***` */
  toString(): string {
    return "***";
  }

  /** `***` */
  toJSON(): string {
    return "***";
  }

  /** `***`, for `console.log` and `Deno.inspect`. */
  [Symbol.for("Deno.customInspect")](): string {
    return "***";
  }

  /** `***`, for `node:util`. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return "***";
  }
}
