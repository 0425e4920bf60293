// The only file that names this package. Its mini face: checks are functions, so that we load and keep less.
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
