import { BOOLEAN } from "./boolean.ts";
import { CHOICE } from "./choice.ts";
import { CLUSTER } from "./cluster.ts";
import { GROUP } from "./group.ts";
import type { FieldKind } from "./kind.ts";
import { LIST } from "./list.ts";
import { NUMBER } from "./number.ts";
import { RESOURCE } from "./resource.ts";
import { TEXT } from "./text.ts";
import { HEADER } from "./untyped.ts";

/** Every kind of field. A new one is a file and a line here. */
export const FIELD_KINDS: readonly FieldKind[] = [
  TEXT,
  NUMBER,
  BOOLEAN,
  CHOICE,
  CLUSTER,
  RESOURCE,
  GROUP,
  LIST,
  HEADER,
];
