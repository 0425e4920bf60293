/** Which metrics a case has, and their references: of the suite, of its environment and of the case; the last one wins. */

import type { CaseDocument, ReferenceDocument } from "./format.ts";
import type { PlannedMetrics } from "./metrics.ts";
import type { Suite } from "./read_suite.ts";

export function planMetrics(
  { document, references }: Pick<Suite, "document" | "references">,
  one: Partial<CaseDocument>,
  environment: string | null,
): PlannedMetrics {
  const own = environment === null ? undefined : document.environments?.[environment]?.reference;
  const read = (reference: string | ReferenceDocument | undefined): readonly ReferenceDocument[] => {
    const found = typeof reference === "string" ? references.get(reference) : reference;
    return found === undefined ? [] : [found];
  };
  return {
    metrics: { ...document.metrics, ...one.metrics },
    references: [...read(document.reference), ...read(own), ...read(one.reference)],
  };
}
