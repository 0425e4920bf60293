import { type Field, fieldAt, type Form } from "./form.ts";
import type { DeclaredType } from "./merge.ts";
import type { InputPath } from "./path.ts";

/** Determines how `-i name=text` is parsed: by the type that the form declares for the path. */
export function declaredTypes(form: Form | null): (path: InputPath) => DeclaredType | undefined {
  if (form === null) return () => undefined;
  return (path) => {
    const field = fieldAt(form, path);
    return field === undefined ? undefined : declaredTypeOf(field);
  };
}

function declaredTypeOf(field: Field): DeclaredType {
  switch (field.kind) {
    case "text":
    case "cluster":
    case "resource":
      return "text";
    case "number":
      return "number";
    case "boolean":
      return "boolean";
    case "choice": {
      const types = new Set(field.options?.map(({ value }) => typeof value));
      if (types.size !== 1 || field.isMultiple) return "other";
      return types.has("string") ? "text" : types.has("number") ? "number" : "boolean";
    }
    case "group":
    case "list":
    case "header":
    case "unknown":
      return "other";
  }
}
