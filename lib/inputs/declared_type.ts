import { fieldAt, type Form } from "./form.ts";
import type { DeclaredType } from "./merge.ts";
import type { InputPath } from "./path.ts";

/** Determines how `-i name=text` is parsed: by the type that the form declares for the path. */
export function declaredTypes(form: Form | null): (path: InputPath) => DeclaredType | undefined {
  return (path) => form === null ? undefined : fieldAt(form, path)?.textType;
}
