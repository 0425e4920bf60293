// The only file that names this package. Its mini API: checks are functions, so less code is loaded and bundled.
export {
  array,
  boolean,
  int,
  looseObject,
  nullable,
  nullish,
  number,
  optional,
  record,
  safeParse,
  string,
  unknown,
} from "npm:zod@4.6.7/mini";
export type { infer } from "npm:zod@4.6.7/mini";
