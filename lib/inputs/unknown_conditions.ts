import { CONDITIONS, type FormContext, unknownFactsOf } from "./field_state.ts";
import { formatPath } from "./path.ts";
import { walkFields } from "./walk_fields.ts";

/** A condition that cannot be evaluated here. */
export interface UnknownCondition {
  /** Like `slurm.partition` or `rows[0].name`. */
  readonly path: string;
  /** The attribute of the field. */
  readonly condition: "hidden" | "disabled" | "ignore" | "optional";
  /** What it depends on, like `org.REGION`. */
  readonly facts: readonly string[];
}

/** Evaluates every condition of the form; `count` is of those that are not constant. */
export function evaluateConditions(context: FormContext): {
  readonly count: number;
  readonly unknown: readonly UnknownCondition[];
} {
  const unknown: UnknownCondition[] = [];
  let count = 0;
  walkFields(context, ({ field, path, context }) => {
    for (const condition of CONDITIONS) {
      if (typeof field[condition] === "boolean") continue;
      count++;
      const facts = unknownFactsOf(field, condition, context);
      if (facts.length > 0) unknown.push({ path: formatPath(path), condition, facts });
    }
    return true;
  });
  return { count, unknown };
}
