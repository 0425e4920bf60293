import type { Simulator } from "../../lib/simulator/simulator.ts";

export interface SubmittedBody {
  readonly workflow: unknown;
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** The bodies of all submits, oldest first. */
export function submittedTo(simulator: Pick<Simulator, "received">): SubmittedBody[] {
  return simulator.received("submit").map(({ body }) => {
    const { workflow, inputs } = objectOf(body);
    return { workflow, inputs: objectOf(inputs) };
  });
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}
